//! The description of the service as API Gateway imports it: OpenAPI 3.0, for it reads no later one, with every operation
//! handed to a Lambda function
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html>).

use serde_json::{Map, Value, json};

/// Operations of a path.
const METHODS: [&str; 2] = ["get", "post"];

/// `description` is OpenAPI 3.1; `function` the ARN of the function that answers.
pub fn importable(description: &Value, function: &str) -> Value {
    let mut document = of_3_0(description);
    document["openapi"] = "3.0.1".into();
    // By `arn:PARTITION:lambda:REGION:…` the gateway's own address of it is known.
    let parts: Vec<&str> = function.split(':').collect();
    let (partition, region) = (parts.get(1).copied().unwrap_or("aws"), parts.get(3).copied().unwrap_or_default());
    let uri = format!("arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations");
    document["components"]["x-amazon-apigateway-integrations"] = json!({
        "trapiche": { "type": "aws_proxy", "httpMethod": "POST", "uri": uri, "payloadFormatVersion": "2.0" },
    });
    let paths = document["paths"].as_object_mut();
    let operations = paths.into_iter().flat_map(|paths| paths.values_mut()).filter_map(Value::as_object_mut);
    for operation in
        operations.flat_map(|path| path.iter_mut()).filter(|(method, _)| METHODS.contains(&method.as_str()))
    {
        operation.1["x-amazon-apigateway-integration"] =
            json!({ "$ref": "#/components/x-amazon-apigateway-integrations/trapiche" });
    }
    document
}

/// `"type": ["string", "null"]` of 3.1 is `"type": "string", "nullable": true`.
fn of_3_0(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(of_3_0).collect(),
        Value::Object(members) => {
            let mut plain: Map<String, Value> =
                members.iter().map(|(name, value)| (name.clone(), of_3_0(value))).collect();
            if let Some(types) = members.get("type").and_then(Value::as_array) {
                let kinds: Vec<&Value> = types.iter().filter(|kind| *kind != "null").collect();
                plain.insert("type".into(), kinds.first().map_or(Value::Null, |kind| (*kind).clone()));
                plain.insert("nullable".into(), true.into());
            }
            plain.into()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_handed_to_the_function() {
        let description = json!({
            "openapi": "3.1.0",
            "paths": { "/tables": { "get": { "responses": {} } }, "/p": { "post": {} } },
            "components": { "schemas": { "a": { "type": ["string", "null"], "format": "date" } } },
        });
        let document = importable(&description, "arn:aws:lambda:sa-east-1:123456789012:function:results");
        assert_eq!(document["openapi"], "3.0.1");
        assert_eq!(
            document["components"]["schemas"]["a"],
            json!({ "type": "string", "nullable": true, "format": "date" })
        );
        for operation in [&document["paths"]["/tables"]["get"], &document["paths"]["/p"]["post"]] {
            let named = operation["x-amazon-apigateway-integration"]["$ref"].as_str().unwrap();
            let integration = document.pointer(named.trim_start_matches('#')).unwrap();
            assert_eq!(integration["type"], "aws_proxy");
            let uri = "arn:aws:apigateway:sa-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:sa-east-1:123456789012:function:results/invocations";
            assert_eq!(integration["uri"], uri);
        }
    }
}
