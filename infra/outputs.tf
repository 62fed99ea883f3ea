output "target" {
  description = "What belongs under `targets:` of trapiche.yml."
  value       = <<-YAML
    prod:
      storage: "s3://${local.bucket}"
      s3: { region: ${var.region} }
      glue: { prefix: "${var.glue_prefix}", workgroup: ${aws_athena_workgroup.lake.name} }
      engine:
        cluster: emr
        security_configuration: ${aws_emr_security_configuration.nodes.name}
        service_role: ${aws_iam_role.emr.name}
        instance_profile: ${aws_iam_instance_profile.nodes.name}
  YAML
}

output "operators_policy" {
  description = "To attach to whoever runs `trapiche submit`."
  value       = aws_iam_policy.operators.arn
}

output "alerts" {
  description = "What belongs into `alerts: { sns: … }` of trapiche.yml."
  value       = one(aws_sns_topic.alerts[*].arn)
}

output "api" {
  description = "Where results are asked for."
  value       = one(aws_apigatewayv2_api.results[*].api_endpoint)
}
