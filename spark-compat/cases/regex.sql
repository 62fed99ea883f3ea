-- Regular expressions, in Java's syntax.
-- columns: s string, p string
-- row: 'item-42-x', '-'
-- row: 'a1b22c333', '[0-9]+'
-- row: '', ''
-- row: 'foo.bar.baz', '.'
-- row: 'a|b|c', '|'
-- row: 'John Smith', '(\\w+) (\\w+)'
-- row: '2024-02-29', '^\\d{4}'
-- row: 'ñandú 🙂', '\\w'
-- row: 'AbcABC', '(?i)abc'
-- row: 'line one\nline two', '^line'
-- row: 'x$1y', '$'
-- row: 'abc', '('
-- row: 'abc', NULL
s RLIKE p
s RLIKE '^[a-z]+'
s RLIKE '\\d'
s RLIKE '(?i)ABC'
s RLIKE '^line two'
s RLIKE '(?m)^line two'
s RLIKE 'one$'
s RLIKE '.+two'
s RLIKE '(?s).+two'
s RLIKE ''
s RLIKE '[[:alpha:]]'
s RLIKE '\\p{Alpha}+'
s RLIKE '\\p{L}{5}'
s RLIKE '\\bSmith\\b'
s RLIKE '(?<=-)\\d+'
s RLIKE 'a(?!b)'
s RLIKE '([ab])\\1'
s RLIKE '[a-z&&[^b]]'
s RLIKE '\\Q.\\E'
s RLIKE '\\h'
s RLIKE 'x*+y'
rlike(s, p)
regexp(s, 'b')
regexp_like(s, '[A-Z]')
s NOT RLIKE '\\d'
s RLIKE '*'
regexp_replace(s, p, '_')
regexp_replace(s, '[0-9]+', '#')
regexp_replace(s, '\\d', '')
regexp_replace(s, '-', '')
regexp_replace(s, '[^a-zA-Z0-9]', '')
regexp_replace(s, '(\\w+) (\\w+)', '$2, $1')
regexp_replace(s, '(\\d+)', '<$1>')
regexp_replace(s, '(\\d+)', '<$0>')
regexp_replace(s, 'a', '\\$')
regexp_replace(s, 'a', '$')
regexp_replace(s, 'a', '$9')
regexp_replace(s, '(?<n>\\d+)', '[${n}]')
regexp_replace(s, '', '-')
regexp_replace(s, 'b*', 'X')
regexp_replace(s, '^', '>')
regexp_replace(s, '$', '<')
regexp_replace(s, '\\.', '\\\\')
regexp_replace(s, '\\s+', ' ')
regexp_replace(s, '[aeiou]', '*', 3)
regexp_replace(s, '(?i)A', 'z')
regexp_replace(lower(s), '[^a-z]+', '_')
regexp_extract(s, '(\\d+)', 1)
regexp_extract(s, '(\\d+)')
regexp_extract(s, '\\d+', 0)
regexp_extract(s, '([a-z]+)-(\\d+)', 2)
regexp_extract(s, '([a-z]+)-(\\d+)', 3)
regexp_extract(s, '(\\w+) (\\w+)', 2)
regexp_extract(s, '(x)?(\\w)', 1)
regexp_extract(s, p, 0)
regexp_extract(s, '(\\d{4})-(\\d{2})', 1)
regexp_extract(s, '(?<=-)(\\w+)', 1)
regexp_extract(s, '(\\d+)', -1)
regexp_extract_all(s, '(\\d+)', 1)
regexp_extract_all(s, '(\\d+)')
regexp_extract_all(s, '\\d+', 0)
regexp_extract_all(s, '([a-z])(\\d)', 2)
regexp_extract_all(s, p, 0)
regexp_count(s, '\\d')
regexp_count(s, p)
regexp_instr(s, '\\d')
regexp_instr(s, p)
regexp_substr(s, '\\d+')
split(s, '\\.')
split(s, '.')
split(s, '\\|')
split(s, '-')
split(s, p)
split(s, '[0-9]+')
split(s, '(?=[0-9])')
split(s, '\\s')
split(s, '-', 1)
split(s, '-', 2)
split(s, '[-.|]', -1)
size(split(s, '\\d'))
s LIKE '%-%'
s LIKE p
