-- Decimals: precision and scale of every operator, rounding, overflow.
-- columns: a decimal(10,2), b decimal(10,2)
-- row: 1.25, 3.10
-- row: -1.25, 0.40
-- row: 99999999.99, 99999999.99
-- row: 0.00, 1.00
-- row: 1.00, 0.00
-- row: 0.01, 0.03
-- row: -7.50, 2.00
-- row: 2.50, 0.25
-- row: 1.005, NULL
a + b
a - b
a * b
a / b
a % b
a div b
mod(a, b)
pmod(a, b)
-a
abs(a)
sign(a)
a + 1
a - 1L
a * 2
a * 10
a / 3
a / 3L
a / 7.0
1 / b
a * 1.5
a * 0.075
a * 1.5D
a + 1.5F
a + '1.5'
a * '2'
a % 1
a % 0.3
a * a * a
a * a * a * a
a / b / b
a * b / 100
(a + b) / 2
(a - b) / b * 100
a * (1 - 0.1)
round(a)
round(a, 1)
round(a, 0)
round(a, 5)
round(a, -1)
round(a * b, 2)
round(a / b, 2)
bround(a)
bround(a, 1)
bround(a, -1)
ceil(a)
ceiling(a)
floor(a)
ceil(a, 1)
floor(a, 1)
floor(a, -1)
int(a)
cast(a AS int)
cast(a AS bigint)
cast(a AS tinyint)
cast(a AS smallint)
cast(a AS double)
cast(a AS float)
cast(a AS string)
cast(a AS boolean)
cast(a AS decimal(5,1))
cast(a AS decimal(3,0))
cast(a AS decimal(4,2))
cast(a AS decimal(20,10))
cast(a AS decimal)
cast(a AS decimal(12))
cast(a AS timestamp)
try_cast(a AS decimal(3,2))
try_cast(a AS tinyint)
decimal(a)
double(a)
string(a)
a = b
a > 1
a > 0.5
a >= 1.25
a = 1.25
a = 1.250
a = '1.25'
a = 1.25D
a < '2'
a <=> b
a IN (1.25, 2)
a IN (0, 1, 2.5)
a NOT IN (1.25, NULL)
a BETWEEN 0 AND 1.25
greatest(a, b)
greatest(a, 1)
least(a, b, 0.5)
coalesce(a, 0)
coalesce(b, a)
coalesce(b, 0.0)
coalesce(a, 1.5D)
coalesce(b, 'none')
nvl2(b, a, 0)
nullif(a, 0)
if(a > b, a, b)
if(a > b, a, 0)
CASE WHEN a > 1 THEN a ELSE 0 END
CASE WHEN a > 1 THEN a ELSE 0.125 END
sqrt(a)
power(a, 2)
exp(b)
ln(b)
log10(b)
concat(a, ' EUR')
a || ''
length(a)
format_number(a, 1)
format_number(a, 0)
format_string('%s', a)
format_string('%.1f', a)
to_char(a, '99999999.99')
to_char(a, '$99,999,999.99')
to_char(a, 'S99999999.99')
try_add(a, b)
try_subtract(a, b)
try_multiply(a, b)
try_divide(a, b)
try_mod(a, b)
hash(a)
xxhash64(a)
array(a, 1)
array(a, 1.125)
struct(a, b)
to_json(named_struct('a', a))
typeof(a + b)
typeof(a * b)
typeof(a / b)
typeof(a % b)
typeof(a * 2)
typeof(a + 0.5)
typeof(round(a, 1))
typeof(a div b)
typeof(ceil(a))
-- columns: p decimal(38,18), q decimal(38,10)
-- row: 12345678901234567890.123456789012345678, 1234567890123456789012345678.0123456789
-- row: 1.5, 3
-- row: 0.000000000000000001, 0.0000000001
-- row: -99999999999999999999.999999999999999999, 9999999999999999999999999999.9999999999
-- row: 2, 0
-- row: 1, NULL
p + p
p + q
p - q
p * p
p * q
q * q
p / q
q / p
p / p
p % q
q % p
p div q
p * 10
p + 1
q + 0.00000000001
p * 1.5
p / 3
q / 3
-p
abs(p)
round(p, 2)
round(q)
round(q, -3)
ceil(p)
floor(q)
cast(p AS decimal(38,10))
cast(q AS decimal(38,18))
cast(p AS decimal(10,2))
cast(p AS double)
cast(p AS bigint)
cast(q AS string)
cast(p AS string)
p = q
p > q
greatest(p, q)
coalesce(p, q)
if(p > q, p, q)
try_add(q, q)
try_multiply(q, q)
try_multiply(p, p)
try_divide(p, q)
sign(p)
sqrt(p)
hash(p)
xxhash64(q)
typeof(p + q)
typeof(p * q)
typeof(p / q)
typeof(p % q)
typeof(coalesce(p, q))
-- columns: m decimal(38,0), n decimal(18,6), k decimal(20,0)
-- row: 99999999999999999999999999999999999999, 123456789012.345678, 12345678901234567890
-- row: -99999999999999999999999999999999999999, -0.000001, -1
-- row: 3, 0.5, 7
-- row: 0, 0, 0
m + 1
m - 1
m + m
m * 2
m * n
m / 3
1 / m
m / n
m % n
m + n
n * n
n * n * n
n / n
n + k
n * k
k * k
k / 7
k * 1.0
k div 7
m div k
-m
round(m, -2)
ceil(n)
floor(n)
round(n, 3)
bround(n, 5)
cast(m AS double)
cast(m AS bigint)
cast(k AS bigint)
cast(n AS int)
cast(n AS decimal(18,0))
cast(n AS decimal(5,5))
cast(m AS string)
m = k
m > n
coalesce(m, n)
greatest(m, n, k)
array(m, n)
try_add(m, m)
try_subtract(m, 1)
typeof(m + n)
typeof(m * n)
typeof(m / n)
typeof(n * n)
typeof(n / k)
typeof(k / n)
typeof(array(m, n))
-- columns: d decimal(5,0), i int, l bigint, f float, g double
-- row: 12, 5, 5000000000, 1.5, 0.25
-- row: -99999, -2147483648, -9223372036854775808, -0.0, CAST('NaN' AS double)
-- row: 0, 0, 0, 0, 0
d + i
d * i
d / i
i / d
d % i
d + l
d * l
l / d
d + f
d * f
d / g
d + g
d > i
d = l
d > f
d = g
i + g
i * f
l * g
l + f
coalesce(d, i)
coalesce(d, l)
coalesce(d, f)
coalesce(i, f)
coalesce(l, f)
coalesce(l, g)
greatest(d, i)
greatest(i, l)
greatest(d, g)
least(i, f)
if(i > 0, d, l)
if(i > 0, i, g)
CASE WHEN i > 0 THEN i WHEN l > 0 THEN l ELSE d END
array(i, l)
array(i, d)
array(i, f)
array(l, f)
array(d, g)
i IN (d, l)
i IN (f, g)
typeof(d + i)
typeof(d / i)
typeof(d + l)
typeof(d + f)
typeof(i + f)
typeof(l + f)
typeof(coalesce(i, f))
typeof(coalesce(d, l))
-- of all digits
-- columns: h decimal(38,37)
-- row: CAST('-9.99999999999999999999999' AS decimal(38,37))
-- row: CAST('9.1' AS decimal(38,37))
CAST(h AS int)
CAST(h AS bigint)
CAST(h AS timestamp)
floor(h)
