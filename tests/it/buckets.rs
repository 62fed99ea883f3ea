//! The bucket of a lake: created, set up, looked at and mended, where moto plays S3; and the uploads in it that nobody will complete.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::aws::Moto;
use crate::places::{KEY, S3Server, SECRET};
use crate::workbench::{Answer, Workbench};

fn bench(endpoint: &str, storage: &str) -> Workbench {
    let settings = format!(
        "name: p\ntargets:\n  here: {{ default: true, storage: \"file://./lake\" }}\n  \
         prod: {{ storage: \"{storage}\", s3: {{ endpoint: \"{endpoint}\", region: eu-west-1 }} }}\n"
    );
    Workbench::of(&[("trapiche.yml", &settings), ("queries/trusted/one.sql", "SELECT 1 AS id")])
}

fn trapiche(bench: &Workbench, args: &[&str]) -> Answer {
    let mut command = bench.command(&[args, &["--target", "prod"]].concat());
    command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", SECRET).env("AWS_EC2_METADATA_DISABLED", "true");
    Answer::from(command.env("NO_PROXY", "*").output().unwrap())
}

/// What is found of the bucket: health and words, by the check; and the exit code.
fn found(bench: &Workbench, args: &[&str]) -> (i32, BTreeMap<String, (String, String)>) {
    let answer = trapiche(bench, &[args, &["-o", "json"]].concat());
    let findings: Vec<Value> = serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{}", answer.stderr));
    let text = |value: &Value| value.as_str().unwrap().to_string();
    let of_bucket = findings.iter().filter(|finding| finding["what"] == "bucket");
    let found = of_bucket.map(|it| (text(&it["check"]), (text(&it["health"]), text(&it["detail"]))));
    (answer.code, found.collect())
}

/// What the bucket is, asked by AWS's own library.
fn told(moto: &Moto) -> Value {
    let told = moto.python(
        "s3, of = client('s3'), dict(Bucket='acme-lake')\n\
         print(json.dumps([s3.get_bucket_location(**of)['LocationConstraint'],\n\
         s3.get_public_access_block(**of)['PublicAccessBlockConfiguration'],\n\
         s3.get_bucket_encryption(**of)['ServerSideEncryptionConfiguration']['Rules'],\n\
         s3.get_bucket_lifecycle_configuration(**of)['Rules']]))",
    );
    serde_json::from_str(&told).unwrap()
}

#[test]
fn a_bucket_is_created_and_set_up() {
    let Some(moto) = Moto::start() else { return };
    let bench = bench(&moto.endpoint, "s3://acme-lake/store");
    let (code, before) = found(&bench, &["doctor"]);
    assert_eq!((code, before.len()), (1, 1), "{before:?}");
    assert!(before["region"].1.contains("there is no bucket `acme-lake`"), "{before:?}");

    let answer = trapiche(&bench, &["init"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("`acme-lake` was created in eu-west-1"), "{}", answer.stdout);
    let bucket = told(&moto);
    assert_eq!(bucket[0], "eu-west-1");
    assert!(
        bucket[1].as_object().unwrap().values().all(|set| set == true) && bucket[1].as_object().unwrap().len() == 4
    );
    assert_eq!(bucket[2][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256");
    let rule = &bucket[3][0];
    assert_eq!(rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"], 7);
    assert_eq!((&rule["Filter"]["Prefix"], &rule["Status"]), (&"store/".into(), &"Enabled".into()));
    // Once more: nothing is left to do, and nothing is done.
    let answer = trapiche(&bench, &["init"]);
    assert!(answer.code == 0 && !answer.stdout.contains("mended"), "{}", answer.stdout);
    assert_eq!(told(&moto), bucket);
    let (code, after) = found(&bench, &["doctor"]);
    assert_eq!(code, 0);
    assert!(after.len() == 5 && after.values().all(|(health, _)| health == "ok"), "{after:?}");
    assert_eq!(trapiche(&bench, &["run"]).code, 0);
}

#[test]
fn doctor_mends_what_is_not_as_it_should_be_and_leaves_the_rest() {
    let Some(moto) = Moto::start() else { return };
    moto.python(
        "s3, of = client('s3'), dict(Bucket='acme-lake')\n\
         s3.create_bucket(CreateBucketConfiguration=dict(LocationConstraint='eu-west-1'), **of)\n\
         s3.put_public_access_block(PublicAccessBlockConfiguration=dict(BlockPublicAcls=True, IgnorePublicAcls=True, BlockPublicPolicy=False, RestrictPublicBuckets=False), **of)\n\
         rules = [dict(ID='theirs', Status='Enabled', Filter=dict(Prefix='other/'), Expiration=dict(Days=3)),\n\
         dict(ID='elsewhere', Status='Enabled', Filter=dict(Prefix='other/'), AbortIncompleteMultipartUpload=dict(DaysAfterInitiation=1)),\n\
         dict(ID='off', Status='Disabled', Filter=dict(Prefix=''), AbortIncompleteMultipartUpload=dict(DaysAfterInitiation=1))]\n\
         s3.put_bucket_lifecycle_configuration(LifecycleConfiguration=dict(Rules=rules), **of)\n\
         s3.delete_bucket_encryption(**of)",
    );
    let bench = bench(&moto.endpoint, "s3://acme-lake");
    let (code, before) = found(&bench, &["doctor"]);
    // A warning fails no doctor.
    assert_eq!(code, 0);
    for rule in ["encryption", "open uploads", "public access"] {
        assert_eq!(before[rule].0, "warn", "{rule}: {before:?}");
    }
    assert!(before["public access"].1.starts_with("2 of the 4 settings"), "{before:?}");
    let (code, mended) = found(&bench, &["doctor", "--fix"]);
    assert_eq!(code, 0);
    assert!(mended.values().all(|(health, _)| health == "ok"), "{mended:?}");
    assert!(mended["open uploads"].1.contains("7 days"));
    let bucket = told(&moto);
    let rules: Vec<&str> = bucket[3].as_array().unwrap().iter().map(|rule| rule["ID"].as_str().unwrap()).collect();
    assert_eq!(rules, ["theirs", "elsewhere", "off", "trapiche-open-uploads"]);
    assert!(found(&bench, &["doctor"]).1.values().all(|(health, _)| health == "ok"));

    // In another region, which no rule can mend.
    bench.write(
        "trapiche.yml",
        &std::fs::read_to_string(bench.path("trapiche.yml")).unwrap().replace("eu-west-1", "eu-south-1"),
    );
    let (code, elsewhere) = found(&bench, &["doctor"]);
    assert_eq!((code, elsewhere.len()), (1, 1));
    assert!(elsewhere["region"].1.contains("`acme-lake` is in eu-west-1"), "{elsewhere:?}");
}

/// What moto spells otherwise than S3 is what MinIO can do, and the other way round.
#[test]
fn what_is_deleted_goes_where_versions_are_kept_and_a_rule_that_a_store_has_not_is_no_failure() {
    let Some(server) = S3Server::start("minio") else { return };
    let Some(moto) = Moto::start() else { return };
    let bench = bench(&server.endpoint, "s3://lake/x");
    let settings = std::fs::read_to_string(bench.path("trapiche.yml")).unwrap();
    bench.write("trapiche.yml", &settings.replace("eu-west-1", "us-east-1"));
    let (code, before) = found(&bench, &["doctor"]);
    let health = |found: &BTreeMap<String, (String, String)>, rule: &str| found[rule].0.clone();
    assert_eq!((code, before.len(), health(&before, "region").as_str()), (0, 5, "ok"), "{before:?}");
    assert!(
        before["versioning"].1.starts_with("off") && before["public access"].1.starts_with("not known"),
        "{before:?}"
    );
    moto.python(&format!(
        "s3 = boto3.client('s3', endpoint_url='{}', region_name='us-east-1')\n\
         s3.put_bucket_versioning(Bucket='lake', VersioningConfiguration=dict(Status='Enabled'))",
        server.endpoint
    ));
    assert_eq!(health(&found(&bench, &["doctor"]).1, "versioning"), "warn");
    let (code, mended) = found(&bench, &["doctor", "--fix"]);
    assert_eq!(
        (code, mended["versioning"].1.as_str()),
        (0, "mended: on: what is deleted goes after 7 days"),
        "{mended:?}"
    );
    assert!(
        mended["open uploads"].0 == "warn" && mended["open uploads"].1.contains("takes no such rule"),
        "{mended:?}"
    );
    assert_eq!(trapiche(&bench, &["init"]).code, 0);
    let local = Workbench::of(&[("trapiche.yml", "name: p\ntargets: { prod: { storage: \"file://./lake\" } }\n")]);
    let answer = trapiche(&local, &["init"]);
    assert!(answer.code == 2 && answer.stderr.contains("the target `prod` has no bucket"), "{}", answer.stderr);
}

/// Uploads as dead runs leave them: to a table's folder and elsewhere, and one that a run has noted.
const UPLOADS: &str = "s3, of = boto3.client('s3', endpoint_url=ENDPOINT, region_name=REGION), dict(Bucket='lake')\n\
     begin = lambda key: s3.create_multipart_upload(Key=key, **of)['UploadId']\n\
     ids = {key: begin(key) for key in KEYS}\n\
     print(json.dumps(ids))";

const KEYS: [&str; 5] = [
    "x/trusted/one/part-a.parquet",
    "x/versions/trusted/one/r/part-b.parquet",
    "x/trusted/other/part-c.parquet",
    "y/trusted/one/part-d.parquet",
    "x/trusted/one/part-noted.parquet",
];

#[test]
fn vacuum_aborts_uploads_of_nobody() {
    let Some(moto) = Moto::start() else { return };
    for kind in ["moto", "minio"] {
        let server = if kind == "minio" { S3Server::start("minio") } else { None };
        let endpoint = match (&server, kind) {
            (Some(server), _) => server.endpoint.clone(),
            (None, "moto") => moto.endpoint.clone(),
            (None, _) => continue,
        };
        if kind == "moto" {
            moto.python("client('s3').create_bucket(Bucket='lake', CreateBucketConfiguration=dict(LocationConstraint='eu-west-1'))");
        }
        let region = if kind == "moto" { "eu-west-1" } else { "us-east-1" };
        let bench = bench(&endpoint, "s3://lake/x");
        let settings = std::fs::read_to_string(bench.path("trapiche.yml")).unwrap();
        bench.write("trapiche.yml", &settings.replace("eu-west-1", region));
        assert_eq!(trapiche(&bench, &["run"]).code, 0);
        let script = UPLOADS
            .replace("ENDPOINT", &format!("'{endpoint}'"))
            .replace("REGION", &format!("'{region}'"))
            .replace("KEYS", &format!("{KEYS:?}"));
        let ids: BTreeMap<String, String> = serde_json::from_str(&moto.python(&script)).unwrap();
        let note = format!("x/_trapiche/staging/20260101T000000Z-000000/{}.upload.json", &KEYS[4][2..]);
        let noted = serde_json::json!({ "path": &KEYS[4][2..], "upload": ids[KEYS[4]] }).to_string();
        moto.python(&format!(
            "boto3.client('s3', endpoint_url='{endpoint}', region_name='{region}').put_object(Bucket='lake', Key='{note}', Body='''{noted}''')"
        ));
        let removed = |args: &[&str]| {
            let answer = trapiche(&bench, &[&["vacuum", "-o", "json"], args].concat());
            assert!(answer.code == 0 && !answer.stderr.contains("were not looked for"), "{kind}: {}", answer.stderr);
            let removed: Vec<Value> = serde_json::from_str(&answer.stdout).unwrap();
            let uploads = removed.iter().filter(|garbage| garbage["what"] == "upload");
            uploads
                .map(|it| (it["path"].as_str().unwrap().to_string(), it["bytes"].as_u64().unwrap()))
                .collect::<Vec<_>>()
        };
        let left = || {
            let script = format!(
                "uploads = boto3.client('s3', endpoint_url='{endpoint}', region_name='{region}').list_multipart_uploads(Bucket='lake')\nprint(json.dumps([it['Key'] for it in uploads['Uploads']]))"
            );
            let mut keys: Vec<String> = serde_json::from_str(&moto.python(&script)).unwrap();
            keys.sort();
            keys
        };
        // Of those in moto it says that they were begun in 2010; in MinIO they are young: somebody may be about to complete them.
        // What a run has noted that is dead by now, whoever claims the tables next takes back, by its note.
        let (gone, stay) = KEYS[..4].split_at(if kind == "moto" { 2 } else { 0 });
        let expected: Vec<(String, u64)> = gone.iter().map(|key| (key[2..].to_string(), 0)).collect();
        assert_eq!(removed(&["--dry-run"]), expected, "{kind}");
        assert_eq!(left().len(), KEYS.len());
        assert_eq!(removed(&[]), expected, "{kind}");
        let mut stay: Vec<String> = stay.iter().map(ToString::to_string).collect();
        stay.sort();
        assert_eq!(left(), stay, "{kind}");
    }
}
