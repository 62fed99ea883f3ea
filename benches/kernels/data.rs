//! What the kernels work on: made from a seed, so every machine and every version measures the same bytes.

use std::fmt::Write;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// The numeric columns of [`customers`].
pub const FEATURES: [&str; 5] = ["orders", "basket", "units", "price", "recency"];

const CATEGORIES: [&str; 4] = ["Electronics", "Jewelery", "Men's Clothing", "Women's Clothing"];

/// The engine's own batch size.
const BATCH_ROWS: usize = 8192;

/// A CSV of at least `bytes`: seven columns, some 70 bytes a row; half of the names are quoted and a tenth of the
/// ratings is missing.
pub fn sales_csv(bytes: usize) -> String {
    let mut chance = Chance::new(42);
    let mut csv = String::from("id,day,name,category,quantity,price,rating\n");
    let mut id = 0;
    while csv.len() < bytes {
        let (month, day, quantity) = (1 + chance.below(12), 1 + chance.below(28), 1 + chance.below(9));
        let (quote, number) = (["", "\""][chance.below(2) as usize], chance.below(1_000_000));
        let category = CATEGORIES[chance.below(4) as usize];
        let (price, cents) = (chance.below(1000), chance.below(100));
        write!(csv, "{id},2025-{month:02}-{day:02},{quote} Product number {number} {quote},{category},").expect(GROWS);
        write!(csv, "{quantity},{price}.{cents:02},").expect(GROWS);
        match chance.below(50) {
            rating if rating < 45 => writeln!(csv, "{}.{}", rating / 10, rating % 10).expect(GROWS),
            _ => csv.push('\n'),
        }
        id += 1;
    }
    csv
}

/// NDJSON of at least `bytes`: carts of one to eight products, some 300 bytes a row.
pub fn carts_ndjson(bytes: usize) -> String {
    let mut chance = Chance::new(43);
    let mut json = String::new();
    let mut id = 0;
    while json.len() < bytes {
        let (user, city, day) = (chance.below(100_000), chance.below(500), 1 + chance.below(28));
        let name = format!(r#"{{"first":"First {user}","last":"Last {city}"}}"#);
        write!(json, r#"{{"id":{id},"user":{{"id":{user},"name":{name},"city":"City {city}"}},"#).expect(GROWS);
        write!(json, r#""day":"2025-03-{day:02}T12:00:00Z","note":"said \"{id}\"","products":["#).expect(GROWS);
        let lines = 1 + chance.below(8);
        for line in 0..lines {
            let (product, quantity) = (chance.below(5000), 1 + chance.below(9));
            let comma = if line == 0 { "" } else { "," };
            write!(json, r#"{comma}{{"productId":{product},"quantity":{quantity}}}"#).expect(GROWS);
        }
        json.push_str("]}\n");
        id += 1;
    }
    json
}

/// Sales whose `shop` is one of `shops`, in no order, as at most `pieces` lists of batches.
pub fn sales(rows: usize, shops: u64, pieces: usize) -> Vec<Vec<RecordBatch>> {
    let mut chance = Chance::new(44);
    let mut dealt = vec![vec![]; pieces.min(rows.div_ceil(BATCH_ROWS))];
    for (number, first) in (0..rows).step_by(BATCH_ROWS).enumerate() {
        let ids = first..rows.min(first + BATCH_ROWS);
        let mut each = |below| ids.clone().map(|_| chance.below(below)).collect::<Vec<u64>>().into_iter();
        let days = Date32Array::from_iter_values(each(365).map(|day| 20_000 + day as i32));
        let names = StringArray::from_iter_values(each(5000).map(|product| format!("Product {product}")));
        let totals = Float64Array::from_iter_values(each(100_000).map(|cents| cents as f64 / 100.0));
        let shops = StringArray::from_iter_values(each(shops).map(|shop| format!("Shop {shop:04}")));
        let columns: [(&str, ArrayRef); 5] = [
            ("id", Arc::new(Int64Array::from_iter_values(ids.map(|id| id as i64)))),
            ("day", Arc::new(days)),
            ("name", Arc::new(names)),
            ("total", Arc::new(totals)),
            ("shop", Arc::new(shops)),
        ];
        let piece = number % dealt.len();
        dealt[piece].push(table(columns));
    }
    dealt
}

/// Four blurred groups in [`FEATURES`], and an `id`.
pub fn customers(rows: usize) -> RecordBatch {
    let mut chance = Chance::new(45);
    // A sum of evenly spread numbers is near enough to a normal one.
    let mut blur = || (0..6).map(|_| chance.below(1000) as f64 / 1000.0 - 0.5).sum::<f64>();
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows as i64));
    let features = FEATURES.map(|name| {
        let values = (0..rows).map(|row| (row % 4) as f64 + blur());
        (name, Arc::new(Float64Array::from_iter_values(values)) as ArrayRef)
    });
    table([("id", ids)].into_iter().chain(features))
}

const GROWS: &str = "text grows as long as there is memory";

struct Chance(Xoshiro256Plus);

impl Chance {
    fn new(seed: u64) -> Self {
        Chance(Xoshiro256Plus::seed_from_u64(seed))
    }

    /// From 0 to `limit` - 1. The generator's low bits are weak, so its high ones count.
    fn below(&mut self, limit: u64) -> u64 {
        ((self.0.next_u64() >> 32) * limit) >> 32
    }
}

fn table(columns: impl IntoIterator<Item = (&'static str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}
