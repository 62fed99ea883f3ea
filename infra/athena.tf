# A workgroup whose statements may scan so much and no more. What it answers goes away after some days: see the bucket's rules.

resource "aws_athena_workgroup" "lake" {
  name = var.name
  configuration {
    bytes_scanned_cutoff_per_query     = var.scan_limit_gb * 1024 * 1024 * 1024
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    result_configuration {
      output_location = "s3://${local.bucket}/athena-results/"
      encryption_configuration {
        encryption_option = "SSE_S3"
      }
    }
  }
  depends_on = [aws_s3_bucket.lake]
}
