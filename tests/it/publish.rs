//! Tables made known to Athena and Trino.

use crate::workbench::Workbench;

const SETTINGS: &str = "name: p\ntargets: { here: { storage: \"file://./lake\" } }\n";

/// A column of every type that is stored, and partitions with odd values.
const ALL: &str = r#"/* trapiche
description: "All of it: the owner's"
partition_by: [town, day]
*/
SELECT true AS flag, 1Y AS tiny, 1S AS small, 1 AS whole, 1L AS big, 1F AS thin, 1D AS ratio, 1.50BD AS price, 'x' AS note, X'1F' AS bytes,
    DATE'2024-02-29' AS on_day, TIMESTAMP'2024-02-29 10:20:30' AS at, array(1, 2) AS list, named_struct('a', 1, 'b', array('x')) AS nested,
    map('k', 1.5D) AS pairs, town, DATE'2024-01-01' AS day
FROM VALUES ('men\'s'), ('a/b'), (NULL) AS t(town)
"#;

fn bench() -> Workbench {
    let bench = Workbench::of(&[
        ("trapiche.yml", SETTINGS),
        ("queries/trusted/all_types.sql", ALL),
        ("queries/refined/plain.sql", "SELECT 1 AS id"),
    ]);
    bench.run(&[]);
    bench
}

#[test]
fn athena_is_told_of_columns_partitions_and_where_they_are() {
    let bench = bench();
    let told = bench.trapiche(&["publish", "--ddl", "athena", "--location", "s3://acme/lake/", "--prefix", "acme_"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    let statements: Vec<&str> = told.stdout.split(";\n").map(str::trim).filter(|text| !text.is_empty()).collect();
    let create = statements.iter().find(|text| text.contains("`acme_trusted`.`all_types` (")).unwrap();
    for line in [
        "CREATE EXTERNAL TABLE IF NOT EXISTS `acme_trusted`.`all_types` (",
        "`flag` boolean,",
        "`tiny` tinyint,",
        "`small` smallint,",
        "`whole` int,",
        "`big` bigint,",
        "`thin` float,",
        "`ratio` double,",
        "`price` decimal(3,2),",
        "`note` string,",
        "`bytes` binary,",
        "`on_day` date,",
        "`at` timestamp,",
        "`list` array<int>,",
        "`nested` struct<a:int,b:array<string>>,",
        "`pairs` map<string,double>",
        "COMMENT 'All of it: the owner\\'s'",
        "PARTITIONED BY (`town` string, `day` date)",
        "STORED AS PARQUET",
        "LOCATION 's3://acme/lake/trusted/all_types/'",
    ] {
        assert!(create.lines().any(|it| it.trim() == line), "{line}\n{create}");
    }
    let added = statements.iter().find(|text| text.starts_with("ALTER TABLE")).unwrap();
    let folder = "s3://acme/lake/trusted/all_types";
    for (value, name) in
        [("men\\'s", "men%27s"), ("a/b", "a%2Fb"), ("__HIVE_DEFAULT_PARTITION__", "__HIVE_DEFAULT_PARTITION__")]
    {
        let line = format!(
            "PARTITION (`town` = '{value}', `day` = '2024-01-01') LOCATION '{folder}/town={name}/day=2024-01-01/'"
        );
        assert!(added.contains(&line), "{line}\n{added}");
    }
    assert_eq!(added.matches("PARTITION (").count(), 3);
    assert_eq!(statements.iter().filter(|text| text.starts_with("CREATE DATABASE")).count(), 2);

    // Nor can it be told of a field that has no name there.
    bench.write("queries/refined/odd.sql", "SELECT array(named_struct('a b', 1)) AS list");
    bench.run(&["odd"]);
    let odd = bench.trapiche(&["publish", "--ddl", "athena", "--location", "s3://acme/lake", "odd"]);
    assert_eq!((odd.code, odd.stdout.as_str()), (2, ""), "{}", odd.stderr);
    assert!(odd.stderr.contains("`a b`"), "{}", odd.stderr);
    std::fs::remove_file(bench.path("queries/refined/odd.sql")).unwrap();

    // Where Athena cannot see it, it is told nothing.
    let here = bench.trapiche(&["publish", "--ddl", "athena"]);
    assert_eq!((here.code, here.stdout.as_str()), (2, ""), "{}", here.stderr);
    assert!(here.stderr.contains("Athena reads `s3://` alone"), "{}", here.stderr);
}

#[test]
fn trino_is_told_in_its_own_words() {
    let bench = bench();
    let told =
        bench.trapiche(&["publish", "--ddl", "trino", "--catalog", "lake", "--location", "local:///lake", "all_types"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    for line in [
        "CREATE SCHEMA IF NOT EXISTS \"lake\".\"trusted\";",
        "\"nested\" row(\"a\" integer, \"b\" array(varchar)),",
        "\"pairs\" map(varchar, double),",
        "\"bytes\" varbinary,",
        "\"price\" decimal(3, 2),",
        "COMMENT 'All of it: the owner''s'",
        "WITH (external_location = 'local:///lake/trusted/all_types', format = 'PARQUET', partitioned_by = ARRAY['town', 'day']);",
        "CALL \"lake\".system.sync_partition_metadata('trusted', 'all_types', 'FULL');",
    ] {
        assert!(told.stdout.lines().any(|it| it.trim() == line), "{line}\n{}", told.stdout);
    }
    assert!(!told.stdout.contains("plain"), "{}", told.stdout);
    let unknown = bench.trapiche(&["publish", "--ddl", "trino", "all_tipes"]);
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
}
