//! One row of each of the store's tables, as it is shown: with its dirt.

use chrono::NaiveDate;

/// A product as the API shows it. `category` and `price` may be dirty.
pub struct Product {
    pub id: u64,
    pub title: String,
    pub price: Price,
    pub category: Option<String>,
    /// Rate in tenths (0–50), and how many have rated.
    pub rating: Option<(u64, u64)>,
}

pub enum Price {
    Cents(i64),
    Text(String),
    Null,
    Absent,
}

pub struct User {
    pub id: u64,
    /// Clean; the shop's database has this one.
    pub email: String,
    /// What the API shows.
    pub shown_email: Option<String>,
    pub phone: String,
    /// 0 at first, 1 for a later edition of the same user.
    pub version: u64,
    pub first: &'static str,
    pub last: &'static str,
    pub city: &'static str,
    pub street: &'static str,
    pub number: u64,
    pub zipcode: u64,
    /// In ten-thousandths of a degree.
    pub latitude: i64,
    pub longitude: i64,
    pub country: &'static str,
    pub signed_up: NaiveDate,
}

pub struct Cart {
    pub id: u64,
    pub user_id: u64,
    /// As the API shows it, odd or not.
    pub date: String,
    /// Product and quantity; a product comes once in a cart.
    pub lines: Vec<(u64, i64)>,
    /// When it was bought.
    pub day: NaiveDate,
}

/// A row of the database's `orders`; its id is the cart's plus 10,000,000.
pub struct PlacedOrder {
    pub id: u64,
    pub status: String,
    pub channel: &'static str,
    pub freight_cents: Option<u64>,
    pub ordered_at: Option<String>,
}
