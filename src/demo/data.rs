//! The store's rows. Each is a pure function of (seed, table, id), so nothing has to be kept to serve any page of them.
//!
//! Four hidden kinds of shopper ([`Shopper`]) differ in how often they buy, how much, how dear and when, so that
//! a clustering of the customers has something to find. The dirt and its rates are listed in [`super`].

use chrono::{Days, NaiveDate};

use super::random::Random;
use super::row::{Cart, PlacedOrder, Price, Product, User};
use super::words::{self, astray};
use crate::project::DemoStore;

/// Days on which the store sold: 2024-01-01 to 2025-12-31.
const DAYS: u64 = 731;

/// What keeps apart the draws of rows that share an id.
#[derive(Clone, Copy)]
enum Draw {
    Price = 1,
    Product,
    Shopper,
    User,
    Phone,
    Cart,
    PlacedOrder,
    Repeat,
}

/// The hidden kinds of shopper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shopper {
    Occasional,
    Bargain,
    Regular,
    BigSpender,
}

/// All of the store, at one size.
#[derive(Debug, Clone, Copy)]
pub struct Shop {
    seed: u64,
    scale: u64,
}

impl Shop {
    pub fn new(settings: &DemoStore) -> Self {
        Shop { seed: settings.seed, scale: u64::from(settings.scale.max(1)) }
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    pub fn scale(&self) -> u64 {
        self.scale
    }

    /// 200, growing slowly, at most 2,000.
    pub fn products(&self) -> u64 {
        (198 + 2 * self.scale).min(2_000)
    }

    pub fn users(&self) -> u64 {
        100 * self.scale
    }

    pub fn carts(&self) -> u64 {
        2_000 * self.scale
    }

    /// How many rows the API lists, repeats included. Ids and positions are told apart by [`Self::listed`].
    pub fn listed_products(&self) -> u64 {
        self.products() + self.products() / PRODUCTS_PER_REPEAT
    }

    pub fn listed_users(&self) -> u64 {
        self.users() + self.users() / USERS_PER_REPEAT
    }

    pub fn listed_carts(&self) -> u64 {
        self.carts() + self.carts() / CARTS_PER_REPEAT
    }

    pub fn product_at(&self, position: u64) -> Product {
        self.product(self.listed(position, PRODUCTS_PER_REPEAT).0)
    }

    pub fn user_at(&self, position: u64) -> User {
        let (id, repeat) = self.listed(position, USERS_PER_REPEAT);
        self.user(id, u64::from(repeat))
    }

    pub fn cart_at(&self, position: u64) -> Cart {
        self.cart(self.listed(position, CARTS_PER_REPEAT).0)
    }

    /// The user whose cart stands at `position`, without making the cart.
    pub fn cart_user_at(&self, position: u64) -> u64 {
        let id = self.listed(position, CARTS_PER_REPEAT).0;
        self.buyer(&mut self.draw(Draw::Cart, id)).0
    }

    /// The category of the product at `position`, clean.
    pub fn category_at(&self, position: u64) -> Option<&'static str> {
        let id = self.listed(position, PRODUCTS_PER_REPEAT).0;
        self.priced(id).0
    }

    pub fn product(&self, id: u64) -> Product {
        let (category, cents) = self.priced(id);
        let mut random = self.draw(Draw::Product, id);
        let title = format!("{} {} No. {id}", random.pick(&words::ADJECTIVES), random.pick(&words::NOUNS));
        let price = match random.below(1_000) {
            0..60 => Price::Text(format!("{}.{:02}", cents / 100, cents % 100)),
            60..75 => Price::Text("N/A".into()),
            75..85 => Price::Null,
            85..95 => Price::Absent,
            95..110 => Price::Cents(-(cents as i64)),
            _ => Price::Cents(cents as i64),
        };
        let category = category.map(|clean| astray(clean, random.below(1_000)));
        let rating = (!random.chance(40)).then(|| (random.between(12, 50), random.between(3, 700)));
        Product { id, title, price, category, rating }
    }

    /// A user in the given edition: later ones have another phone.
    pub fn user(&self, id: u64, version: u64) -> User {
        let mut random = self.draw(Draw::User, id);
        let (first, last) = (random.pick(&words::FIRST), random.pick(&words::LAST));
        let email = format!("{}.{last}{id}@example.org", first.replace('ã', "a"));
        let shown_email = match random.below(1_000) {
            0..40 => None,
            _ => Some(astray(&email, random.below(1_000))),
        };
        let phone = self.draw(Draw::Phone, id + (version << 40)).below(10_000_000_000);
        User {
            id,
            email,
            shown_email,
            phone: format!("1-{:03}-{:03}-{:04}", phone / 10_000_000, phone / 10_000 % 1_000, phone % 10_000),
            version,
            first,
            last,
            city: random.pick(&words::CITIES),
            street: random.pick(&words::STREETS),
            number: random.between(1, 9_999),
            zipcode: random.between(10_000, 99_999),
            latitude: random.between(0, 1_400_000) as i64 - 700_000,
            longitude: random.between(0, 3_600_000) as i64 - 1_800_000,
            country: random.pick(&words::COUNTRIES),
            signed_up: first_day() - Days::new(random.below(900)),
        }
    }

    pub fn cart(&self, id: u64) -> Cart {
        let mut random = self.draw(Draw::Cart, id);
        let (user_id, kind) = self.buyer(&mut random);
        let day = first_day() + Days::new(self.day_of_sale(&mut random, user_id, kind));
        let (lines, units) = match kind {
            Shopper::Occasional => ((1, 2), (1, 2)),
            Shopper::Bargain => ((2, 4), (2, 6)),
            Shopper::Regular => ((2, 3), (1, 3)),
            Shopper::BigSpender => ((3, 6), (1, 4)),
        };
        let count = random.between(lines.0, lines.1) as usize;
        let mut cart =
            Cart { id, user_id, date: words::shown_date(day, &mut random), lines: Vec::with_capacity(count), day };
        while cart.lines.len() < count {
            let mut product = self.choice(&mut random, kind);
            while cart.lines.iter().any(|(taken, _)| *taken == product) {
                product = product % self.products() + 1;
            }
            let units = random.between(units.0, units.1) as i64;
            let quantity = match random.below(1_000) {
                0..5 => 0,
                5..10 => -units,
                10..13 => 9_999,
                _ => units,
            };
            cart.lines.push((product, quantity));
        }
        cart
    }

    pub fn order(&self, cart: &Cart) -> PlacedOrder {
        let mut random = self.draw(Draw::PlacedOrder, cart.id);
        let status = astray(words::status(&mut random), random.below(1_000));
        let freight_cents = (!random.chance(20)).then(|| random.between(0, 3_500));
        let (hour, minute, second) = (random.below(24), random.below(60), random.below(60));
        let ordered_at = match random.below(1_000) {
            0..10 => None,
            10..100 => Some(format!("{}T{hour:02}:{minute:02}:{second:02}Z", cart.day)),
            _ => Some(format!("{} {hour:02}:{minute:02}:{second:02}", cart.day)),
        };
        PlacedOrder {
            id: 10_000_000 + cart.id,
            status,
            channel: random.pick(&words::CHANNELS),
            freight_cents,
            ordered_at,
        }
    }

    pub fn kind(&self, user_id: u64) -> Shopper {
        match self.draw(Draw::Shopper, user_id).below(100) {
            0..45 => Shopper::Occasional,
            45..70 => Shopper::Bargain,
            70..92 => Shopper::Regular,
            _ => Shopper::BigSpender,
        }
    }

    /// A cart's user: anyone, but taken only as often as the kind buys.
    fn buyer(&self, random: &mut Random) -> (u64, Shopper) {
        loop {
            let user = random.between(1, self.users());
            let kind = self.kind(user);
            let per_mille = match kind {
                Shopper::Occasional => 300,
                Shopper::Bargain => 700,
                Shopper::Regular => 1_000,
                Shopper::BigSpender => 800,
            };
            if random.chance(per_mille) {
                return (user, kind);
            }
        }
    }

    /// Occasional shoppers come during 90 days of their own, big spenders since July 2024.
    fn day_of_sale(&self, random: &mut Random, user_id: u64, kind: Shopper) -> u64 {
        match kind {
            Shopper::Occasional => self.draw(Draw::Shopper, user_id).next_u64() % (DAYS - 90) + random.below(90),
            Shopper::BigSpender => random.between(182, DAYS - 1),
            Shopper::Bargain | Shopper::Regular => random.below(DAYS),
        }
    }

    /// A product to the kind's taste: of three, bargain hunters take the cheapest and big spenders the dearest.
    fn choice(&self, random: &mut Random, kind: Shopper) -> u64 {
        let mut seen = [(); 3].map(|()| random.between(1, self.products()));
        match kind {
            Shopper::Occasional | Shopper::Regular => seen[0],
            Shopper::Bargain | Shopper::BigSpender => {
                seen.sort_unstable_by_key(|id| self.priced(*id).1);
                seen[if kind == Shopper::Bargain { 0 } else { 2 }]
            }
        }
    }

    /// A product's category and true price in cents: cheap ones are the more frequent.
    fn priced(&self, id: u64) -> (Option<&'static str>, u64) {
        let mut random = self.draw(Draw::Price, id);
        let (category, low, high) = random.pick(&words::CATEGORIES);
        let share = random.below(1_000);
        let cents = low + (high - low) * share * share / 1_000_000 + random.below(100);
        ((!random.chance(30)).then_some(category), cents)
    }

    /// The id at a position of a list, and whether it is a repeat: after every `per_repeat` rows one of them comes again.
    fn listed(&self, position: u64, per_repeat: u64) -> (u64, bool) {
        let (block, offset) = (position / (per_repeat + 1), position % (per_repeat + 1));
        let repeat = offset == per_repeat;
        let offset = if repeat { self.draw(Draw::Repeat, position).below(per_repeat) } else { offset };
        (block * per_repeat + offset + 1, repeat)
    }

    fn draw(&self, draw: Draw, id: u64) -> Random {
        Random::new(self.seed, draw as u64, id)
    }
}

const PRODUCTS_PER_REPEAT: u64 = 50;
const USERS_PER_REPEAT: u64 = 20;
const CARTS_PER_REPEAT: u64 = 50;

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 1, 1).expect("the date exists")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use chrono::Datelike;

    use super::*;

    fn world(seed: u64, scale: u32) -> Shop {
        Shop::new(&DemoStore { scale, seed })
    }

    #[test]
    fn rows_depend_on_the_seed_alone() {
        let shown =
            |seed| (1..50).map(|id| world(seed, 1).cart(id)).map(|cart| (cart.date, cart.lines)).collect::<Vec<_>>();
        assert_eq!(shown(42), shown(42));
        assert_ne!(shown(42), shown(43));
    }

    #[test]
    fn scale_one_has_about_five_thousand_lines() {
        let world = world(42, 1);
        let lines: usize = (1..=world.carts()).map(|id| world.cart(id).lines.len()).sum();
        assert!((5_000..5_600).contains(&lines), "{lines}");
        assert_eq!((world.products(), world.users(), world.carts()), (200, 100, 2_000));
        assert_eq!((world.listed_products(), world.listed_users(), world.listed_carts()), (204, 105, 2_040));
    }

    #[test]
    fn scale_thousand_has_more_than_five_million_lines() {
        let world = world(42, 1_000);
        let sample = 20_000;
        let lines: usize = (1..=sample).map(|id| world.cart(id * 100).lines.len()).sum();
        assert!(lines as u64 * world.carts() / sample > 5_150_000, "{lines} in {sample} carts");
        assert_eq!((world.products(), world.users(), world.carts()), (2_000, 100_000, 2_000_000));
    }

    #[test]
    fn a_list_holds_every_id_and_some_of_them_twice() {
        let world = world(42, 1);
        let mut times = HashMap::new();
        (0..world.listed_users()).for_each(|at| *times.entry(world.user_at(at).id).or_insert(0) += 1);
        assert_eq!((times.len() as u64, times.values().filter(|times| **times == 2).count()), (world.users(), 5));
        let repeat = world.user_at(20);
        assert_eq!(repeat.version, 1);
        assert_ne!(repeat.phone, world.user(repeat.id, 0).phone);
    }

    #[test]
    fn a_cart_names_a_product_once() {
        let world = world(42, 1);
        for cart in (1..=world.carts()).map(|id| world.cart(id)) {
            let mut products: Vec<_> = cart.lines.iter().map(|(product, _)| *product).collect();
            products.sort_unstable();
            products.dedup();
            assert_eq!(products.len(), cart.lines.len());
            assert!((2024..=2025).contains(&cart.day.year()));
        }
    }
}
