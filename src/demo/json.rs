//! The API's rows as JSON, in the shapes of fakestoreapi.com (without the users' passwords).
//!
//! Written straight to bytes: at scale 1000 a run reads hundreds of megabytes of them.

use std::io::Write;

use super::data::Shop;
use super::row::{Cart, Price, Product, User};

/// What the API lists. A position counts from 0 and includes repeated rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    Products,
    Users,
    Carts,
}

impl Listing {
    /// Appends the row at `position` of the table's list.
    pub fn write_row(self, world: &Shop, position: u64, out: &mut Vec<u8>) {
        match self {
            Listing::Products => product(&world.product_at(position), out),
            Listing::Users => user(&world.user_at(position), out),
            Listing::Carts => cart(&world.cart_at(position), out),
        }
    }
}

pub fn product(row: &Product, out: &mut Vec<u8>) {
    let Product { id, title, price, category, rating } = row;
    put(out, format_args!(r#"{{"id":{id},"title":"{title}","#));
    match price {
        Price::Cents(cents) => {
            let sign = if *cents < 0 { "-" } else { "" };
            let cents = cents.unsigned_abs();
            put(out, format_args!(r#""price":{sign}{}.{:02},"#, cents / 100, cents % 100));
        }
        Price::Text(text) => put(out, format_args!(r#""price":"{text}","#)),
        Price::Null => put(out, format_args!(r#""price":null,"#)),
        Price::Absent => {}
    }
    put(out, format_args!(r#""description":"{title}, made to be sold and returned.","category":"#));
    text(category.as_deref(), out);
    put(out, format_args!(r#","image":"https://fakestoreapi.com/img/{id}.png","rating":"#));
    match rating {
        Some((tenths, count)) => {
            put(out, format_args!(r#"{{"rate":{}.{},"count":{count}}}}}"#, tenths / 10, tenths % 10))
        }
        None => put(out, format_args!("null}}")),
    }
}

pub fn user(row: &User, out: &mut Vec<u8>) {
    let User { id, phone, version, first, last, city, street, number, zipcode, .. } = row;
    put(out, format_args!(r#"{{"id":{id},"email":"#));
    text(row.shown_email.as_deref(), out);
    put(out, format_args!(r#","username":"{last}{id}","password":"pw-{first}-{id}","phone":"{phone}","#));
    put(out, format_args!(r#""name":{{"firstname":"{first}","lastname":"{last}"}},"#));
    put(
        out,
        format_args!(r#""address":{{"city":"{city}","street":"{street}","number":{number},"zipcode":"{zipcode}","#),
    );
    let (lat, long) = (degrees(row.latitude), degrees(row.longitude));
    put(out, format_args!(r#""geolocation":{{"lat":"{lat}","long":"{long}"}}}},"__v":{version}}}"#));
}

pub fn cart(row: &Cart, out: &mut Vec<u8>) {
    let Cart { id, user_id, date, lines, .. } = row;
    put(out, format_args!(r#"{{"id":{id},"userId":{user_id},"date":"{date}","products":["#));
    for (i, (product, quantity)) in lines.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        put(out, format_args!(r#"{comma}{{"productId":{product},"quantity":{quantity}}}"#));
    }
    put(out, format_args!(r#"],"__v":0}}"#));
}

/// Four decimals; as text, as the real API has it.
fn degrees(ten_thousandths: i64) -> String {
    let sign = if ten_thousandths < 0 { "-" } else { "" };
    let size = ten_thousandths.unsigned_abs();
    format!("{sign}{}.{:04}", size / 10_000, size % 10_000)
}

/// A string or null. The store's own words hold nothing that JSON escapes.
fn text(value: Option<&str>, out: &mut Vec<u8>) {
    match value {
        Some(value) => put(out, format_args!(r#""{value}""#)),
        None => put(out, format_args!("null")),
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a Vec takes every write");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::DemoStore;

    #[test]
    fn every_row_is_json_of_the_real_api_s_shape() {
        let world = Shop::new(&DemoStore { scale: 1, seed: 42 });
        let row = |table: Listing, position| -> serde_json::Value {
            let mut bytes = vec![];
            table.write_row(&world, position, &mut bytes);
            serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&bytes)))
        };
        let products: Vec<_> = (0..world.listed_products()).map(|at| row(Listing::Products, at)).collect();
        assert!(products.iter().any(|product| product["price"].is_string()));
        assert!(products.iter().any(|product| product["rating"]["rate"].is_f64()));
        assert!(products.iter().any(|product| product["category"].is_null()));
        let users: Vec<_> = (0..world.listed_users()).map(|at| row(Listing::Users, at)).collect();
        assert!(users.iter().all(|user| user["address"]["geolocation"]["lat"].is_string()));
        let carts: Vec<_> = (0..world.listed_carts()).map(|at| row(Listing::Carts, at)).collect();
        assert!(carts.iter().all(|cart| cart["products"][0]["productId"].is_u64()));
    }
}
