# What clusters of `trapiche submit` are: EMR's own role, the nodes' role, and what holds for all nodes.

locals {
  account = data.aws_caller_identity.here.account_id
  arn     = "arn:${data.aws_partition.here.partition}"
  secrets = "${local.arn}:secretsmanager:${var.region}:${local.account}:secret:trapiche/*"
  glue = [
    "${local.arn}:glue:${var.region}:${local.account}:catalog",
    "${local.arn}:glue:${var.region}:${local.account}:database/${var.glue_prefix}*",
    "${local.arn}:glue:${var.region}:${local.account}:table/${var.glue_prefix}*",
  ]
}

data "aws_iam_policy_document" "assumed" {
  for_each = {
    emr       = "elasticmapreduce.amazonaws.com"
    nodes     = "ec2.amazonaws.com"
    scheduler = "scheduler.amazonaws.com"
    results   = "lambda.amazonaws.com"
  }
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = [each.value]
    }
  }
}

resource "aws_iam_role" "emr" {
  name               = "${var.name}-emr"
  assume_role_policy = data.aws_iam_policy_document.assumed["emr"].json
}

# Asks for the tag `for-use-with-amazon-emr-managed-policies` on cluster, subnet and VPC.
resource "aws_iam_role_policy_attachment" "emr" {
  role       = aws_iam_role.emr.name
  policy_arn = "${local.arn}:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"
}

data "aws_iam_policy_document" "emr" {
  statement {
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.nodes.arn]
    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "emr" {
  name   = "pass-the-nodes-role"
  role   = aws_iam_role.emr.id
  policy = data.aws_iam_policy_document.emr.json
}

resource "aws_iam_role" "nodes" {
  name               = "${var.name}-nodes"
  assume_role_policy = data.aws_iam_policy_document.assumed["nodes"].json
}

resource "aws_iam_instance_profile" "nodes" {
  name = aws_iam_role.nodes.name
  role = aws_iam_role.nodes.name
}

# What whoever runs a pipeline does to the lake and its catalogue, be it a node or a person.
data "aws_iam_policy_document" "lake" {
  statement {
    sid       = "TheLake"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = ["${local.lake}/*"]
  }
  statement {
    sid       = "ItsList"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
    resources = [local.lake]
  }
  statement {
    sid = "Tables"
    actions = [
      "glue:GetDatabase", "glue:CreateDatabase", "glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable",
      "glue:GetPartitions", "glue:BatchCreatePartition", "glue:BatchUpdatePartition", "glue:BatchDeletePartition",
    ]
    resources = local.glue
  }
}

data "aws_iam_policy_document" "nodes" {
  source_policy_documents = [data.aws_iam_policy_document.lake.json]
  statement {
    sid       = "TheSecretOfARun"
    actions   = ["secretsmanager:GetSecretValue", "secretsmanager:DeleteSecret"]
    resources = [local.secrets]
  }
}

resource "aws_iam_role_policy" "nodes" {
  name   = "run"
  role   = aws_iam_role.nodes.id
  policy = data.aws_iam_policy_document.nodes.json
}

# The target's `security_configuration`. Credentials of nodes are asked for by IMDSv2 alone, and what lies in S3 is encrypted.
resource "aws_emr_security_configuration" "nodes" {
  name = "${var.name}-nodes"
  configuration = jsonencode({
    EncryptionConfiguration = {
      EnableInTransitEncryption = false
      EnableAtRestEncryption    = true
      AtRestEncryptionConfiguration = {
        S3EncryptionConfiguration = { EncryptionMode = "SSE-S3" }
      }
    }
    InstanceMetadataServiceConfiguration = {
      MinimumInstanceMetadataServiceVersion = 2
      HttpPutResponseHopLimit               = 1
    }
  })
}
