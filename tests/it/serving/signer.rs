//! Someone who signs tokens. The keys are of these tests alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

const EC: &str = "\
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg95q33bPcYcgapYbFVrPwuiUvwM/z7MaxdXIE+1TEYV6hRANCAASi\
    y+yES+zG6lQVIBr62y8IJx7GI9E4KhIH+a/pQ7iN1J5l7CywIVUx9/F4kiOIWKbdHQEugTndeZP4d6XE4yS8";

const RSA: &str = "\
    MIIEowIBAAKCAQEAuDJvZUz3jpPLoAOzpCpgb44iqgDJLpAlAsaxdbOBJQwQbn3NNh+W6yqHHMKATUEzRkN6VDGkSsZkQW6gEvS5CLcY0OugU5AigcCK\
    SJQ7jezbKMMGsCL3DlaUfnSjFEyh9JR3uWGJNIBaYZu05FgJ2MN5XbPRGbtTGPSAtiV90jOMmPfJPmglBRkmXSSE0axaNnnLXWTpcHiOlIAq2g6P/I9M\
    o91QBNJ6+vlZfLCzmOsIVzTps7SSDCLHMf39NVhO8ipsAWWSZa7gXUMGVIF0P5ZXuj+nGAKgX/xhI0X7TZm1lc0i72C05/DEAB6qypb+O3n1MEIQt9u8\
    35ZynknWjQIDAQABAoIBAA0Tg4X4/1APXPLIoH2khoEU4ZAZCy8zi3UVfu6gpifnodj+NE3F01RxifL4OdyCJu4zhyEn/wZR7Dca7+E4n1Qnj2rxd0nH\
    XzO/4/FAGLQ8HtjXc4eYi9poOhV6GUOtJwgybAdsja18+S2ZvK9DMrvBMMH+rHb7rewFG4gSxEpiQKFYWEkvORL6l8gYqGadY8uCoIznijqwwPg9Ycja\
    J8c4Wunc9CGnsf3Om7y+4mo4eD0CTEyd8rRgYtfBb39oVsmjZz7jkllGjTafS9at3sd8FuzO+ahnjvO3kA8VcNg0NJ1tSeNqSF8+j77LPsu6R6YdkIZC\
    TdQ7fekOiOWaKfECgYEA2p1E/T2PGOoVO7PrCrdpTT8WWHP8fALn05lOXB+czktsddTSGYltw57zBX+qhBTczEU+I1Jj89Oz7eEP7ivXNxRbLhSWJyeO\
    p1dg1FlST9lZCaPolNQVJOCXjvNtRf40ilOiHFMGkHgxOdeqLVaDXalbNUu9lpd4fQSNqB2gw9kCgYEA17JoV4sDWL48P0ATntf/Luv5qVs/e2tBWWVt\
    SY6Q3ZiWhSQQP3HpSfilQ1L3GaNQ0PBzxdyxalegcO1uTmDrToG3UBEi4KUqBIU1gQZXsoHea7kwjmgRED2HcY5u34iB7dgdQJ9eeTMkiYF1CQ0fTJUG\
    T6csyorXgfboOCF3G9UCgYBltA65ZZ8h7xzLtqsdRDCYAEaMBgGrS8rANS0wTICttIcT1lucB8Rp4pOatkcExZPm8Du1QQpBD/dALpkzq2+nLzAwIuGr\
    +4oxLcRdZeSWQz5Z7sgwHO5tRpMbrQHkMxwMUlYzqSh/o3r7NurzxrC8rSJCjCb6XSNvveONF6OIGQKBgQDRROa3CMhWcTtCoohmtGmAvLGc/kq5E3Zz\
    pVRC6W7jkAd5ZWPeKkaM3hB5ISVcWncuQBwS++uloR6ocbNzl9S0dmXD6NxN1/DMMfGXHPA44IdLPIE/qPflKc0e/3HSrj5g5Cx9ZiHitRvdzRwfi/ux\
    8WQOI8PxPoOYNFVZIB7PgQKBgEtf92cTB6+QznoDcEUsu8g2w7jMImbY/oRIkKwK0pcWFRzcYFEjPrrS01J9U/jc11YO99H2P6Rd1D6HCQJOwEz03pMU\
    uuCODvWGOREYAgw1BFyipwSRohTQCNqGQ7cZs0h9f555wFHbfAqOu+q9D0Z3qfAz8v4yUcHVtCwpxKac";

/// The public halves, as a key set.
pub fn jwks() -> String {
    json!({ "keys": [
        { "kty": "EC", "kid": "ec", "crv": "P-256", "alg": "ES256", "x": "osvshEvsxupUFSAa-tsvCCcexiPROCoSB_mv6UO4jdQ",
          "y": "nmXsLLAhVTH38XiSI4hYpt0dAS6BOd15k_h3pcTjJLw" },
        { "kty": "RSA", "kid": "rsa", "alg": "RS256", "e": "AQAB", "n": N },
    ] })
    .to_string()
}

/// The modulus of the RSA key.
pub const N: &str = "\
    uDJvZUz3jpPLoAOzpCpgb44iqgDJLpAlAsaxdbOBJQwQbn3NNh-W6yqHHMKATUEzRkN6VDGkSsZkQW6gEvS5CLcY0OugU5AigcCKSJQ7jezbKMMGsCL3\
    DlaUfnSjFEyh9JR3uWGJNIBaYZu05FgJ2MN5XbPRGbtTGPSAtiV90jOMmPfJPmglBRkmXSSE0axaNnnLXWTpcHiOlIAq2g6P_I9Mo91QBNJ6-vlZfLCz\
    mOsIVzTps7SSDCLHMf39NVhO8ipsAWWSZa7gXUMGVIF0P5ZXuj-nGAKgX_xhI0X7TZm1lc0i72C05_DEAB6qypb-O3n1MEIQt9u835ZynknWjQ";

fn der(text: &str) -> Vec<u8> {
    STANDARD.decode(text.replace(' ', "")).unwrap()
}

pub fn ec(claims: &Value, kid: &str) -> String {
    let header = Header { kid: Some(kid.into()), ..Header::new(Algorithm::ES256) };
    encode(&header, claims, &EncodingKey::from_ec_der(&der(EC))).unwrap()
}

pub fn rsa(claims: &Value, kid: &str) -> String {
    let header = Header { kid: Some(kid.into()), ..Header::new(Algorithm::RS256) };
    encode(&header, claims, &EncodingKey::from_rsa_der(&der(RSA))).unwrap()
}

/// Signed by a secret that everyone knows: the public key.
pub fn confused(claims: &Value, kid: &str) -> String {
    let header = Header { kid: Some(kid.into()), ..Header::new(Algorithm::HS256) };
    encode(&header, claims, &EncodingKey::from_secret(N.as_bytes())).unwrap()
}
