-- Written by random_cases.py from seed 13.
-- columns: a decimal(15,7), b decimal(4,1), n int
-- row: CAST('0.0008103' AS decimal(15,7)), CAST('-0.7' AS decimal(4,1)), -2
-- row: CAST('0.0067549' AS decimal(15,7)), CAST('-1.9' AS decimal(4,1)), -4
-- row: CAST('0.0009881' AS decimal(15,7)), CAST('-195.4' AS decimal(4,1)), 7
-- row: CAST('-0.7341468' AS decimal(15,7)), CAST('-500.5' AS decimal(4,1)), 1
-- row: CAST('-2612364.1429218' AS decimal(15,7)), CAST('384.6' AS decimal(4,1)), 4
-- row: CAST('0.6112846' AS decimal(15,7)), CAST('8.1' AS decimal(4,1)), 3
a + b
a <=> b
bround(b, 0)
a * b
try_multiply(a, b)
a + b * n
CAST(b AS decimal(18,5))
CAST(a AS decimal(18,5))
round(a, 0)
b / a
-- columns: a decimal(20,13), b decimal(15,6), n int
-- row: CAST('-0.0000139905747' AS decimal(20,13)), CAST('0.000058' AS decimal(15,6)), 8
-- row: CAST('-0.0009052585405' AS decimal(20,13)), CAST('-871537594.102031' AS decimal(15,6)), -7
-- row: CAST('0.2103340201700' AS decimal(20,13)), CAST('0.000605' AS decimal(15,6)), 9
-- row: CAST('0.0000000000008' AS decimal(20,13)), CAST('94.564812' AS decimal(15,6)), 6
-- row: CAST('-0.0052486396726' AS decimal(20,13)), CAST('261783.195677' AS decimal(15,6)), -4
-- row: CAST('0.0000849299189' AS decimal(20,13)), CAST('8.372577' AS decimal(15,6)), 5
greatest(a, b)
a / b
CAST(b AS decimal(4,0))
CAST(a AS int)
n * b
b % a
a * b
a % b
ceil(a)
floor(b)
-- columns: a decimal(6,2), b decimal(11,1), n int
-- row: CAST('92.42' AS decimal(6,2)), CAST('79.2' AS decimal(11,1)), 9
-- row: CAST('0.02' AS decimal(6,2)), CAST('55392168.1' AS decimal(11,1)), -5
-- row: CAST('81.70' AS decimal(6,2)), CAST('737985935.6' AS decimal(11,1)), -7
-- row: CAST('21.55' AS decimal(6,2)), CAST('92351801.1' AS decimal(11,1)), 0
-- row: CAST('0.80' AS decimal(6,2)), CAST('-4096779149.5' AS decimal(11,1)), -4
-- row: CAST('-0.04' AS decimal(6,2)), CAST('552723592.9' AS decimal(11,1)), -1
CAST(a AS decimal(8,2))
a IN (b, n)
CAST(a AS string)
round(a, 6)
floor(b)
try_add(a, b)
coalesce(a, b)
b - a
a <=> b
bround(b, 6)
-- columns: a decimal(8,8), b decimal(8,0), n int
-- row: CAST('-0.00066663' AS decimal(8,8)), CAST('1850' AS decimal(8,0)), 1
-- row: CAST('0.00000054' AS decimal(8,8)), CAST('7454112' AS decimal(8,0)), -5
-- row: CAST('0.00007809' AS decimal(8,8)), CAST('-58' AS decimal(8,0)), -5
-- row: CAST('0.00009130' AS decimal(8,8)), CAST('-836' AS decimal(8,0)), -3
-- row: CAST('-0.00000387' AS decimal(8,8)), CAST('304' AS decimal(8,0)), 3
-- row: CAST('0.00035163' AS decimal(8,8)), CAST('-6' AS decimal(8,0)), -7
CAST(b AS bigint)
b % a
greatest(a, b)
a % b
ceil(a)
try_multiply(a, b)
a + b
CAST(a AS string)
round(a, 7)
a IN (b, n)
-- columns: a decimal(1,1), b decimal(8,0), n int
-- row: CAST('0.8' AS decimal(1,1)), CAST('12190747' AS decimal(8,0)), 4
-- row: CAST('0.4' AS decimal(1,1)), CAST('-21894674' AS decimal(8,0)), 4
-- row: CAST('0.7' AS decimal(1,1)), CAST('889962' AS decimal(8,0)), 2
-- row: CAST('0.5' AS decimal(1,1)), CAST('54834' AS decimal(8,0)), -8
-- row: CAST('0.2' AS decimal(1,1)), CAST('88' AS decimal(8,0)), -5
-- row: CAST('-0.7' AS decimal(1,1)), CAST('-20653' AS decimal(8,0)), -3
ceil(a)
a <=> b
round(a, -2)
a * b
pmod(a, b)
a = b
a + n
CAST(b AS double)
a + b * n
b / a
-- columns: a decimal(6,6), b decimal(8,7), n int
-- row: CAST('0.833480' AS decimal(6,6)), CAST('-3.7484082' AS decimal(8,7)), -9
-- row: CAST('-0.000087' AS decimal(6,6)), CAST('-0.0000673' AS decimal(8,7)), -3
-- row: CAST('0.000009' AS decimal(6,6)), CAST('0.0000014' AS decimal(8,7)), 9
-- row: CAST('0.004274' AS decimal(6,6)), CAST('-0.0000828' AS decimal(8,7)), -5
-- row: CAST('0.039247' AS decimal(6,6)), CAST('0.0000556' AS decimal(8,7)), 5
-- row: CAST('-0.000071' AS decimal(6,6)), CAST('0.0000008' AS decimal(8,7)), -5
b / a
greatest(a, b)
CAST(b AS double)
if(n > 0, a, b)
a - b
pmod(a, b)
CAST(b AS bigint)
a / n
n * b
bround(b, -1)
-- columns: a decimal(20,9), b decimal(8,6), n int
-- row: CAST('-0.000088860' AS decimal(20,9)), CAST('-0.000016' AS decimal(8,6)), -6
-- row: CAST('-539113.111303020' AS decimal(20,9)), CAST('-4.897566' AS decimal(8,6)), 0
-- row: CAST('8667.395027886' AS decimal(20,9)), CAST('0.000460' AS decimal(8,6)), 8
-- row: CAST('89417055.047164274' AS decimal(20,9)), CAST('0.000018' AS decimal(8,6)), 8
-- row: CAST('0.005955382' AS decimal(20,9)), CAST('-60.100932' AS decimal(8,6)), -4
-- row: CAST('-53676.309501610' AS decimal(20,9)), CAST('-0.000060' AS decimal(8,6)), 4
a + b * n
if(n > 0, a, b)
a - b
a * b
try_divide(a, b)
pmod(a, b)
a < b
CAST(a AS int)
CAST(b AS decimal(2,0))
abs(b)
-- columns: a decimal(3,0), b decimal(12,7), n int
-- row: CAST('-5' AS decimal(3,0)), CAST('0.0000084' AS decimal(12,7)), -7
-- row: CAST('-176' AS decimal(3,0)), CAST('0.0000424' AS decimal(12,7)), 1
-- row: CAST('-13' AS decimal(3,0)), CAST('0.0753019' AS decimal(12,7)), 5
-- row: CAST('-43' AS decimal(3,0)), CAST('12.5801829' AS decimal(12,7)), -6
-- row: CAST('890' AS decimal(3,0)), CAST('0.0494345' AS decimal(12,7)), -1
-- row: CAST('11' AS decimal(3,0)), CAST('0.0008214' AS decimal(12,7)), 9
try_multiply(a, b)
a = b
CAST(b AS bigint)
a % b
CAST(a AS int)
ceil(a)
a BETWEEN b AND n
pmod(a, b)
n % b
a < b
-- columns: a decimal(5,5), b decimal(1,0), n int
-- row: CAST('0.00011' AS decimal(5,5)), CAST('-5' AS decimal(1,0)), 9
-- row: CAST('-0.00445' AS decimal(5,5)), CAST('-6' AS decimal(1,0)), 7
-- row: CAST('0.00571' AS decimal(5,5)), CAST('-5' AS decimal(1,0)), 6
-- row: CAST('-0.00022' AS decimal(5,5)), CAST('7' AS decimal(1,0)), 1
-- row: CAST('-0.00543' AS decimal(5,5)), CAST('3' AS decimal(1,0)), -6
-- row: CAST('0.00034' AS decimal(5,5)), CAST('4' AS decimal(1,0)), 7
a < b
round(a, 1)
a / n
CAST(b AS double)
a = b
greatest(a, b)
a BETWEEN b AND n
abs(b)
CAST(a AS int)
ceil(a)
-- columns: a decimal(2,1), b decimal(22,14), n int
-- row: CAST('-0.4' AS decimal(2,1)), CAST('-0.26782374252654' AS decimal(22,14)), -1
-- row: CAST('-0.5' AS decimal(2,1)), CAST('-90443145.29709002893352' AS decimal(22,14)), 8
-- row: CAST('9.9' AS decimal(2,1)), CAST('0.00000000337283' AS decimal(22,14)), 6
-- row: CAST('0.4' AS decimal(2,1)), CAST('-486.95517974585415' AS decimal(22,14)), -7
-- row: CAST('0.8' AS decimal(2,1)), CAST('-6.76589202391102' AS decimal(22,14)), -1
-- row: CAST('-0.2' AS decimal(2,1)), CAST('-0.07117962625822' AS decimal(22,14)), 3
a - b
a / b
round(a, 7)
greatest(a, b)
coalesce(a, b)
b / a
CAST(a AS decimal(4,3))
a + b * n
a IN (b, n)
a + b
-- columns: a decimal(6,1), b decimal(16,3), n int
-- row: CAST('-13173.8' AS decimal(6,1)), CAST('2242.261' AS decimal(16,3)), 6
-- row: CAST('0.9' AS decimal(6,1)), CAST('-771712.595' AS decimal(16,3)), 2
-- row: CAST('-7.4' AS decimal(6,1)), CAST('47.635' AS decimal(16,3)), -2
-- row: CAST('44339.5' AS decimal(6,1)), CAST('-6834180735626.414' AS decimal(16,3)), 3
-- row: CAST('-499.9' AS decimal(6,1)), CAST('-5191138.716' AS decimal(16,3)), -3
-- row: CAST('79968.9' AS decimal(6,1)), CAST('-78748072.562' AS decimal(16,3)), -2
a + n
try_divide(a, b)
a / n
a <=> b
n * b
a - b
floor(b)
abs(b)
a + b
CAST(a AS string)
-- columns: a decimal(18,14), b decimal(23,0), n int
-- row: CAST('0.00047760229743' AS decimal(18,14)), CAST('2350333948' AS decimal(23,0)), 4
-- row: CAST('-0.00005784711779' AS decimal(18,14)), CAST('-6433579838100486087' AS decimal(23,0)), -6
-- row: CAST('-0.00000000000073' AS decimal(18,14)), CAST('-461675975852980' AS decimal(23,0)), -9
-- row: CAST('1.85772913614797' AS decimal(18,14)), CAST('-4151738335982313' AS decimal(23,0)), -1
-- row: CAST('-86.52263712505027' AS decimal(18,14)), CAST('-21249367744' AS decimal(23,0)), 0
-- row: CAST('0.00093343688112' AS decimal(18,14)), CAST('273106881257635456' AS decimal(23,0)), 3
b - a
b % a
if(n > 0, a, b)
try_divide(a, b)
try_add(a, b)
bround(b, 7)
a / n
CAST(a AS string)
a <=> b
b / a
-- columns: a decimal(3,1), b decimal(7,2), n int
-- row: CAST('0.8' AS decimal(3,1)), CAST('61.81' AS decimal(7,2)), -3
-- row: CAST('-14.4' AS decimal(3,1)), CAST('18.69' AS decimal(7,2)), -7
-- row: CAST('78.4' AS decimal(3,1)), CAST('0.70' AS decimal(7,2)), -4
-- row: CAST('-9.1' AS decimal(3,1)), CAST('-35.62' AS decimal(7,2)), -1
-- row: CAST('-0.6' AS decimal(3,1)), CAST('-9.11' AS decimal(7,2)), 4
-- row: CAST('-45.8' AS decimal(3,1)), CAST('-409.55' AS decimal(7,2)), -8
b % a
a + n
abs(b)
a / b
a IN (b, n)
CAST(b AS double)
CAST(b AS decimal(23,7))
floor(b)
a + b
coalesce(a, b)
-- columns: a decimal(17,4), b decimal(7,4), n int
-- row: CAST('-72484.3775' AS decimal(17,4)), CAST('0.0043' AS decimal(7,4)), -7
-- row: CAST('142470994991.7525' AS decimal(17,4)), CAST('0.0088' AS decimal(7,4)), -2
-- row: CAST('0.0624' AS decimal(17,4)), CAST('97.4117' AS decimal(7,4)), 1
-- row: CAST('66112915518.9039' AS decimal(17,4)), CAST('-0.0074' AS decimal(7,4)), -9
-- row: CAST('-536.5547' AS decimal(17,4)), CAST('-7.3689' AS decimal(7,4)), -4
-- row: CAST('-0.6423' AS decimal(17,4)), CAST('0.5963' AS decimal(7,4)), -7
CAST(a AS int)
a BETWEEN b AND n
a + n
a + b
b / a
try_add(a, b)
ceil(a)
CAST(a AS decimal(6,4))
a <=> b
a % b
-- columns: a decimal(12,1), b decimal(23,22), n int
-- row: CAST('0.6' AS decimal(12,1)), CAST('0.0000000000000000005407' AS decimal(23,22)), 6
-- row: CAST('-8984268451.8' AS decimal(12,1)), CAST('0.0000000000042637566511' AS decimal(23,22)), 7
-- row: CAST('-941.0' AS decimal(12,1)), CAST('0.0000000000000000000931' AS decimal(23,22)), 7
-- row: CAST('5842023.5' AS decimal(12,1)), CAST('0.0000000000378191964032' AS decimal(23,22)), -5
-- row: CAST('70908968265.4' AS decimal(12,1)), CAST('-0.0000000422990837301434' AS decimal(23,22)), 8
-- row: CAST('-882.0' AS decimal(12,1)), CAST('0.8669055549761809051600' AS decimal(23,22)), -6
CAST(b AS decimal(7,7))
if(n > 0, a, b)
floor(b)
a * b
b / a
a + b
a / b
try_add(a, b)
bround(b, -3)
a / n
-- columns: a decimal(2,2), b decimal(6,3), n int
-- row: CAST('-0.95' AS decimal(2,2)), CAST('0.002' AS decimal(6,3)), 9
-- row: CAST('-0.22' AS decimal(2,2)), CAST('-0.068' AS decimal(6,3)), 9
-- row: CAST('-0.88' AS decimal(2,2)), CAST('-36.714' AS decimal(6,3)), -2
-- row: CAST('0.00' AS decimal(2,2)), CAST('4.642' AS decimal(6,3)), -3
-- row: CAST('-0.38' AS decimal(2,2)), CAST('-0.016' AS decimal(6,3)), 6
-- row: CAST('-0.05' AS decimal(2,2)), CAST('0.034' AS decimal(6,3)), 1
CAST(b AS bigint)
a IN (b, n)
round(a, 0)
b - a
b % a
a <=> b
ceil(a)
a / b
a = b
a * b
-- columns: a decimal(13,2), b decimal(3,1), n int
-- row: CAST('-22831478825.53' AS decimal(13,2)), CAST('0.8' AS decimal(3,1)), -8
-- row: CAST('73538491098.92' AS decimal(13,2)), CAST('0.4' AS decimal(3,1)), -6
-- row: CAST('241124.52' AS decimal(13,2)), CAST('24.9' AS decimal(3,1)), 6
-- row: CAST('-6552.65' AS decimal(13,2)), CAST('-0.4' AS decimal(3,1)), 3
-- row: CAST('825298.82' AS decimal(13,2)), CAST('1.3' AS decimal(3,1)), 8
-- row: CAST('-24176.85' AS decimal(13,2)), CAST('0.6' AS decimal(3,1)), -7
try_divide(a, b)
b % a
b - a
ceil(a)
a = b
floor(b)
CAST(b AS bigint)
b / a
a IN (b, n)
CAST(b AS double)
-- columns: a decimal(29,15), b decimal(10,4), n int
-- row: CAST('-0.080299739049605' AS decimal(29,15)), CAST('-204928.2775' AS decimal(10,4)), 3
-- row: CAST('521444644469.851186451107664' AS decimal(29,15)), CAST('0.0001' AS decimal(10,4)), -1
-- row: CAST('-0.000000000044095' AS decimal(29,15)), CAST('52269.8364' AS decimal(10,4)), -7
-- row: CAST('0.000007299773042' AS decimal(29,15)), CAST('-0.0066' AS decimal(10,4)), 9
-- row: CAST('-656199458489.891131817136465' AS decimal(29,15)), CAST('-6.4281' AS decimal(10,4)), 4
-- row: CAST('0.000000018829024' AS decimal(29,15)), CAST('-8214.1610' AS decimal(10,4)), -8
a - b
a < b
a + n
abs(b)
a * b
n % b
n * b
try_add(a, b)
round(a, -2)
a IN (b, n)
-- columns: a decimal(18,11), b decimal(7,0), n int
-- row: CAST('4729.78415652433' AS decimal(18,11)), CAST('-27' AS decimal(7,0)), 0
-- row: CAST('0.00000338959' AS decimal(18,11)), CAST('4523' AS decimal(7,0)), -3
-- row: CAST('-816.99513210917' AS decimal(18,11)), CAST('-55' AS decimal(7,0)), -6
-- row: CAST('2569667.76453014096' AS decimal(18,11)), CAST('-6' AS decimal(7,0)), 5
-- row: CAST('0.00000000037' AS decimal(18,11)), CAST('-839888' AS decimal(7,0)), 2
-- row: CAST('0.00000000008' AS decimal(18,11)), CAST('-4148' AS decimal(7,0)), -1
a <=> b
floor(b)
a + b * n
pmod(a, b)
greatest(a, b)
abs(b)
bround(b, 3)
a < b
a BETWEEN b AND n
a / b
-- columns: a decimal(16,1), b decimal(3,2), n int
-- row: CAST('71.6' AS decimal(16,1)), CAST('-0.93' AS decimal(3,2)), 2
-- row: CAST('1432284550.6' AS decimal(16,1)), CAST('-0.36' AS decimal(3,2)), -9
-- row: CAST('-62710906187.2' AS decimal(16,1)), CAST('0.08' AS decimal(3,2)), -5
-- row: CAST('64575878991475.4' AS decimal(16,1)), CAST('6.40' AS decimal(3,2)), 2
-- row: CAST('-1405201350789.7' AS decimal(16,1)), CAST('-0.01' AS decimal(3,2)), -8
-- row: CAST('-959777.4' AS decimal(16,1)), CAST('0.02' AS decimal(3,2)), -5
CAST(b AS double)
n * b
CAST(b AS decimal(18,4))
greatest(a, b)
a / b
a + b * n
try_add(a, b)
b / a
a / n
n % b
-- columns: a decimal(8,5), b decimal(13,4), n int
-- row: CAST('4.38188' AS decimal(8,5)), CAST('642509.0451' AS decimal(13,4)), 6
-- row: CAST('-0.00329' AS decimal(8,5)), CAST('40437.3503' AS decimal(13,4)), 3
-- row: CAST('-205.73740' AS decimal(8,5)), CAST('-6557276.0946' AS decimal(13,4)), 7
-- row: CAST('21.84030' AS decimal(8,5)), CAST('199239.6363' AS decimal(13,4)), -4
-- row: CAST('7.22955' AS decimal(8,5)), CAST('6.8948' AS decimal(13,4)), 7
-- row: CAST('0.95562' AS decimal(8,5)), CAST('0.0846' AS decimal(13,4)), 7
a = b
CAST(a AS string)
n % b
n * b
a BETWEEN b AND n
a * b
floor(b)
CAST(a AS int)
a + b
a + n
-- columns: a decimal(7,6), b decimal(1,1), n int
-- row: CAST('-0.008117' AS decimal(7,6)), CAST('0.9' AS decimal(1,1)), -2
-- row: CAST('-0.000434' AS decimal(7,6)), CAST('-0.7' AS decimal(1,1)), 1
-- row: CAST('-0.000011' AS decimal(7,6)), CAST('-0.1' AS decimal(1,1)), -7
-- row: CAST('-0.000462' AS decimal(7,6)), CAST('0.6' AS decimal(1,1)), -9
-- row: CAST('-0.000675' AS decimal(7,6)), CAST('0.0' AS decimal(1,1)), -6
-- row: CAST('-0.040306' AS decimal(7,6)), CAST('0.0' AS decimal(1,1)), 9
a % b
greatest(a, b)
CAST(a AS string)
pmod(a, b)
a IN (b, n)
a <=> b
a BETWEEN b AND n
a = b
a / n
n % b
-- columns: a decimal(33,4), b decimal(34,14), n int
-- row: CAST('-5254092.5118' AS decimal(33,4)), CAST('0.00000000104999' AS decimal(34,14)), -8
-- row: CAST('-50340.2142' AS decimal(33,4)), CAST('0.00090643635776' AS decimal(34,14)), 8
-- row: CAST('5126815066673.8539' AS decimal(33,4)), CAST('-0.04872688785739' AS decimal(34,14)), 7
-- row: CAST('10081344787449.3857' AS decimal(33,4)), CAST('-0.00000000003054' AS decimal(34,14)), 1
-- row: CAST('-18785074679642727921.0745' AS decimal(33,4)), CAST('7453011.51966676755958' AS decimal(34,14)), -6
-- row: CAST('8697342971570438450.0911' AS decimal(33,4)), CAST('-24599645726294.32409070680788' AS decimal(34,14)), -9
coalesce(a, b)
b % a
ceil(a)
b - a
a % b
a / n
try_add(a, b)
CAST(b AS decimal(11,8))
CAST(a AS string)
greatest(a, b)
-- columns: a decimal(1,0), b decimal(11,6), n int
-- row: CAST('6' AS decimal(1,0)), CAST('-0.000085' AS decimal(11,6)), 3
-- row: CAST('3' AS decimal(1,0)), CAST('98914.201973' AS decimal(11,6)), -7
-- row: CAST('2' AS decimal(1,0)), CAST('0.041871' AS decimal(11,6)), 8
-- row: CAST('-6' AS decimal(1,0)), CAST('-0.000880' AS decimal(11,6)), -4
-- row: CAST('2' AS decimal(1,0)), CAST('0.106160' AS decimal(11,6)), 7
-- row: CAST('5' AS decimal(1,0)), CAST('2.297947' AS decimal(11,6)), -3
a <=> b
round(a, -3)
b - a
a BETWEEN b AND n
try_multiply(a, b)
greatest(a, b)
coalesce(a, b)
CAST(a AS decimal(22,15))
if(n > 0, a, b)
b / a
-- columns: a decimal(2,0), b decimal(17,7), n int
-- row: CAST('-7' AS decimal(2,0)), CAST('-6786348.2470947' AS decimal(17,7)), 0
-- row: CAST('-1' AS decimal(2,0)), CAST('-4226.4032295' AS decimal(17,7)), 7
-- row: CAST('-2' AS decimal(2,0)), CAST('-0.0000598' AS decimal(17,7)), -7
-- row: CAST('3' AS decimal(2,0)), CAST('-0.0003511' AS decimal(17,7)), 3
-- row: CAST('8' AS decimal(2,0)), CAST('67664.6132408' AS decimal(17,7)), 7
-- row: CAST('-95' AS decimal(2,0)), CAST('4473.2248973' AS decimal(17,7)), -7
a < b
a + b
a * b
a + b * n
n % b
n * b
try_divide(a, b)
pmod(a, b)
CAST(a AS int)
bround(b, 4)
-- columns: a decimal(11,0), b decimal(5,1), n int
-- row: CAST('82251937649' AS decimal(11,0)), CAST('38.9' AS decimal(5,1)), 2
-- row: CAST('198411' AS decimal(11,0)), CAST('1831.3' AS decimal(5,1)), 7
-- row: CAST('-6424980' AS decimal(11,0)), CAST('6.6' AS decimal(5,1)), -3
-- row: CAST('2' AS decimal(11,0)), CAST('-875.0' AS decimal(5,1)), 2
-- row: CAST('-201' AS decimal(11,0)), CAST('0.7' AS decimal(5,1)), 2
-- row: CAST('-53493620' AS decimal(11,0)), CAST('3.1' AS decimal(5,1)), -3
try_add(a, b)
n * b
a + n
abs(b)
try_multiply(a, b)
CAST(a AS string)
b - a
a IN (b, n)
a - b
CAST(b AS decimal(7,7))
-- columns: a decimal(4,2), b decimal(5,4), n int
-- row: CAST('-7.70' AS decimal(4,2)), CAST('-0.0096' AS decimal(5,4)), 7
-- row: CAST('-0.31' AS decimal(4,2)), CAST('0.0835' AS decimal(5,4)), 5
-- row: CAST('4.81' AS decimal(4,2)), CAST('0.0001' AS decimal(5,4)), -1
-- row: CAST('-1.90' AS decimal(4,2)), CAST('-0.0002' AS decimal(5,4)), -5
-- row: CAST('-0.25' AS decimal(4,2)), CAST('0.0565' AS decimal(5,4)), -3
-- row: CAST('-4.44' AS decimal(4,2)), CAST('0.0125' AS decimal(5,4)), 3
a = b
abs(b)
a + b
ceil(a)
b / a
round(a, 0)
bround(b, 0)
a <=> b
pmod(a, b)
coalesce(a, b)
-- columns: a decimal(6,3), b decimal(6,3), n int
-- row: CAST('550.840' AS decimal(6,3)), CAST('0.003' AS decimal(6,3)), -3
-- row: CAST('-0.006' AS decimal(6,3)), CAST('-0.009' AS decimal(6,3)), 8
-- row: CAST('0.014' AS decimal(6,3)), CAST('-533.907' AS decimal(6,3)), -2
-- row: CAST('0.020' AS decimal(6,3)), CAST('17.470' AS decimal(6,3)), 7
-- row: CAST('36.122' AS decimal(6,3)), CAST('-883.972' AS decimal(6,3)), 0
-- row: CAST('0.057' AS decimal(6,3)), CAST('5.443' AS decimal(6,3)), -2
a + n
try_divide(a, b)
a * b
b / a
ceil(a)
n * b
a / n
abs(b)
b % a
coalesce(a, b)
-- columns: a decimal(1,0), b decimal(3,0), n int
-- row: CAST('-3' AS decimal(1,0)), CAST('0' AS decimal(3,0)), -9
-- row: CAST('-7' AS decimal(1,0)), CAST('-935' AS decimal(3,0)), -9
-- row: CAST('-1' AS decimal(1,0)), CAST('0' AS decimal(3,0)), -5
-- row: CAST('0' AS decimal(1,0)), CAST('-50' AS decimal(3,0)), -2
-- row: CAST('9' AS decimal(1,0)), CAST('-1' AS decimal(3,0)), 3
-- row: CAST('1' AS decimal(1,0)), CAST('720' AS decimal(3,0)), 9
CAST(a AS decimal(17,1))
a = b
try_multiply(a, b)
round(a, 6)
try_divide(a, b)
CAST(b AS decimal(17,1))
CAST(a AS int)
a * b
a <=> b
greatest(a, b)
-- columns: a decimal(7,7), b decimal(8,3), n int
-- row: CAST('0.0051745' AS decimal(7,7)), CAST('-0.926' AS decimal(8,3)), -1
-- row: CAST('-0.0073442' AS decimal(7,7)), CAST('-0.099' AS decimal(8,3)), -9
-- row: CAST('0.0000737' AS decimal(7,7)), CAST('0.091' AS decimal(8,3)), 4
-- row: CAST('-0.0474683' AS decimal(7,7)), CAST('5073.901' AS decimal(8,3)), -5
-- row: CAST('-0.0672045' AS decimal(7,7)), CAST('0.025' AS decimal(8,3)), -5
-- row: CAST('0.9372083' AS decimal(7,7)), CAST('0.072' AS decimal(8,3)), -7
n % b
bround(b, 7)
pmod(a, b)
abs(b)
b - a
a < b
a + b * n
CAST(b AS bigint)
try_divide(a, b)
a * b
