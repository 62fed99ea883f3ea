# The lake. Nothing in it is public, nothing is sent in the clear, and what broke off while it was sent does not stay.

data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

locals {
  bucket = coalesce(var.bucket, "${var.name}-${data.aws_caller_identity.here.account_id}")
  lake   = "arn:${data.aws_partition.here.partition}:s3:::${local.bucket}"
}

resource "aws_s3_bucket" "lake" {
  bucket = local.bucket
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "lake" {
  bucket                  = aws_s3_bucket.lake.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "lake" {
  bucket = aws_s3_bucket.lake.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "lake" {
  count  = var.versioning ? 1 : 0
  bucket = aws_s3_bucket.lake.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  bucket     = aws_s3_bucket.lake.id
  depends_on = [aws_s3_bucket_versioning.lake]

  # No upload of a run takes a week.
  rule {
    id     = "uploads-that-broke-off"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  rule {
    id     = "answers-of-athena"
    status = "Enabled"
    filter {
      prefix = "athena-results/"
    }
    expiration {
      days = 3
    }
  }

  dynamic "rule" {
    for_each = var.versioning ? [1] : []
    content {
      id     = "what-was-deleted"
      status = "Enabled"
      filter {}
      noncurrent_version_expiration {
        noncurrent_days = var.noncurrent_days
      }
    }
  }
}

data "aws_iam_policy_document" "only_tls" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.lake, "${local.lake}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "lake" {
  bucket     = aws_s3_bucket.lake.id
  policy     = data.aws_iam_policy_document.only_tls.json
  depends_on = [aws_s3_bucket_public_access_block.lake]
}
