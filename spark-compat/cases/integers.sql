-- Whole numbers of every width.
-- columns: a int, b int
-- row: 7, 2
-- row: -7, 2
-- row: 7, -2
-- row: 0, 5
-- row: 5, 0
-- row: 2147483647, 1
-- row: -2147483648, -1
-- row: 46341, 46341
-- row: NULL, 3
-- row: 12, NULL
a + b
a - b
a * b
a / b
a div b
a DIV 2
a % b
a mod b
mod(a, b)
pmod(a, b)
-a
+a
abs(a)
negative(a)
positive(a)
a & b
a | b
a ^ b
~a
a << 2
a >> 1
a >>> 1
shiftleft(a, b)
shiftright(a, 1)
shiftrightunsigned(a, 1)
bit_count(a)
getbit(a, 0)
bit_get(a, 1)
sign(a)
signum(a)
a + 1
a + 1L
a * 2L
a + 1S
a + 1Y
a * 1.5
a * 0.1
a + 0.1
a / 2.0
a / 3
1 / a
a / b / 2
a / b * b
a * 1.0D
a + 1.5F
a % 2.5
a div 0.5
a + '1'
a * ' 2 '
a + '1.5'
a > '3'
a = '7'
a > 6.5
a = 7.0
a = 7.0D
a > b
a >= b
a <> b
a <=> b
a <=> NULL
a BETWEEN 0 AND b
a BETWEEN '0' AND 10
a NOT BETWEEN 0 AND 10
a IN (7, 0)
a IN (7, NULL)
a NOT IN (7, NULL)
a IN ('7', '0')
a IN (7.0, 0.5)
a IS NULL
a IS NOT NULL
isnull(a)
a IS DISTINCT FROM b
a % 2 = 0
power(a, b)
pow(a, 2)
sqrt(a)
cbrt(a)
exp(b)
ln(a)
log(a)
log(2, a)
log10(a)
log2(a)
factorial(b)
hypot(a, b)
gcd(a, b)
ceil(a)
floor(a)
ceil(a, -1)
floor(a, -1)
round(a)
round(a, 2)
round(a, -1)
round(a, -10)
bround(a, -1)
greatest(a, b)
greatest(a, b, 3)
least(a, b)
greatest(a, 2.5)
least(a, 2L)
coalesce(a, b)
coalesce(a, 2.5)
coalesce(a, 'none')
nvl(a, 0)
ifnull(a, b)
nvl2(a, b, 0)
nullif(a, 7)
nullifzero(a)
zeroifnull(a)
if(a > b, a, b)
if(a > b, a, 1.5)
iff(a > b, 'more', 'less')
CASE WHEN a > 0 THEN 'plus' WHEN a < 0 THEN 'minus' ELSE 'zero' END
CASE a WHEN 7 THEN 1 WHEN 0 THEN 2.5 END
CASE WHEN a > 0 THEN a ELSE 1L END
decode(a, 7, 'seven', 0, 'zero')
decode(a, 7, 'seven', 0, 'zero', 'other')
hex(a)
bin(a)
conv(a, 10, 16)
conv(a, 10, -16)
chr(b)
char(65 + b)
width_bucket(a, 0, 10, 5)
try_add(a, b)
try_subtract(a, b)
try_multiply(a, b)
try_divide(a, b)
try_mod(a, b)
concat(a, '-', b)
a || b
concat_ws('/', a, b)
space(b % 10)
repeat('x', b % 10)
length(a)
a AND true
a + NULL
a + true
isnan(a)
nanvl(a, b)
array(a, b)
array(a, 1.5)
struct(a, b)
map(b, a)
named_struct('a', a, 'b', b)
sequence(0, b % 10)
sequence(b % 10, 0)
sequence(0, b % 10, 2)
to_json(named_struct('a', a, 'b', b))
typeof(a / b)
typeof(a + b)
typeof(a + 1L)
typeof(a div b)
typeof(-a)
-- columns: p bigint, q bigint
-- row: 9223372036854775807, 1
-- row: -9223372036854775808, -1
-- row: 3000000000, 2
-- row: 3037000500, 3037000500
-- row: 0, 0
-- row: 10, 3
-- row: -10, 3
-- row: 10, NULL
p + q
p - q
p * q
p / q
p div q
p % q
pmod(p, q)
-p
abs(p)
p + 1
p * 2
p + 0.5
p / 3
p * 1.5
p = 3e9
p > 2.5
p + '1'
~p
p >> 1
p >>> 60
p << 1
hex(p)
bin(p)
conv(p, 10, 36)
sqrt(p)
round(p, -1)
round(p, -18)
ceil(p)
floor(p)
bround(p, -1)
ceil(p, -2)
coalesce(p, 0)
greatest(p, q, 7)
p IN (10, 3000000000)
cast(p AS int) + 1
int(q)
string(p)
p || ''
format_number(p, 0)
try_add(p, q)
try_subtract(p, q)
try_multiply(p, q)
try_divide(p, q)
bit_count(p)
factorial(q)
p & q
p ^ 1
sign(p)
if(p > 0, p, 0)
CASE WHEN p > 0 THEN p ELSE 0.5 END
typeof(p / q)
typeof(p * 1.5)
-- columns: x tinyint, y smallint
-- row: 127, 1
-- row: -128, -1
-- row: 100, 32767
-- row: 0, 0
-- row: 5, -32768
-- row: 5, NULL
x + x
x + y
x - y
x * x
x * y
y * y
y + y
-x
-y
abs(x)
abs(y)
x / y
x div y
x % y
y % x
pmod(x, 3Y)
x + 1
x + 1Y
y + 1S
x * 2Y
x * 2S
y * 2L
x + 0.5
x / 2
x = y
x > 4.5
x & y
~x
x << 1
y >> 1
shiftright(x, 1)
hex(x)
bin(y)
round(x, -1)
round(y, -4)
ceil(x)
floor(y)
coalesce(x, y)
greatest(x, y)
if(x > y, x, y)
nvl(x, 1L)
array(x, y)
concat(x, y)
try_add(x, x)
try_multiply(y, y)
x IN (5, 100)
sqrt(y)
typeof(x + x)
typeof(x + y)
typeof(x / y)
typeof(x % y)
