/* trapiche
description: >
  Users, one row per id: of several editions the one with the highest __v (and, among equals, the phone that sorts last).
  Country and region come from the shop's database and the regions file.
tags: [customers]
checks:
  - { not_null: [id] }
  - { regex: { column: email, pattern: "^[^@ ]+@[^@ ]+$" }, on_fail: warn }
*/
WITH latest AS (
  SELECT id, max(__v) AS edition
  FROM raw.users
  GROUP BY id
),
people AS (
  SELECT
    CAST(u.id AS bigint) AS id,
    max(nullif(lower(trim(u.email)), '')) AS email,
    max(u.username) AS username,
    max(u.phone) AS phone,
    max(u.name.firstname) AS first_name,
    max(u.name.lastname) AS last_name,
    max(u.address.city) AS city,
    max(u.address.zipcode) AS zipcode,
    max(try_cast(u.address.geolocation.lat AS double)) AS latitude,
    max(try_cast(u.address.geolocation.long AS double)) AS longitude
  FROM raw.users AS u
  JOIN latest ON u.id = latest.id AND u.__v = latest.edition
  GROUP BY u.id
),
countries AS (
  SELECT
    upper(trim(`country code`)) AS code,
    trim(`country name`) AS name,
    trim(`un region`) AS region,
    try_cast(replace(`cost total $`, ',', '') AS decimal(12, 2)) AS freight_rate
  FROM raw.regions
)
SELECT
  people.id,
  coalesce(people.email, lower(customers.email)) AS email,
  people.username,
  people.phone,
  people.first_name,
  people.last_name,
  people.city,
  people.zipcode,
  people.latitude,
  people.longitude,
  customers.country,
  countries.name AS country_name,
  countries.region,
  countries.freight_rate,
  try_cast(substr(CAST(customers.signed_up AS string), 1, 10) AS date) AS signed_up
FROM people
LEFT JOIN raw.customers AS customers ON people.id = customers.id
LEFT JOIN countries ON customers.country = countries.code
