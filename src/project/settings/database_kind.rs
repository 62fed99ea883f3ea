//! Which database an address leads to, by its scheme.

/// A kind of database, each read by a folder of its own in [`ingest`](crate::ingest).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    Sqlite,
    Postgres,
    /// MariaDB, too.
    Mysql,
}

impl DatabaseKind {
    /// `None` for what is no database.
    pub fn of(scheme: &str) -> Option<DatabaseKind> {
        match scheme {
            "sqlite" => Some(DatabaseKind::Sqlite),
            "postgres" | "postgresql" => Some(DatabaseKind::Postgres),
            "mysql" | "mariadb" => Some(DatabaseKind::Mysql),
            _ => None,
        }
    }

    /// Where its server listens, unless an address says otherwise; a file has no server.
    pub fn default_port(self) -> Option<u16> {
        match self {
            DatabaseKind::Sqlite => None,
            DatabaseKind::Postgres => Some(5432),
            DatabaseKind::Mysql => Some(3306),
        }
    }
}
