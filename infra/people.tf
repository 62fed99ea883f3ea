# What whoever runs `trapiche submit`, `publish` and `vacuum` must be allowed: a policy to attach to a user, a group or a role.

data "aws_iam_policy_document" "operators" {
  statement {
    sid = "Clusters"
    actions = [
      "elasticmapreduce:RunJobFlow", "elasticmapreduce:DescribeCluster", "elasticmapreduce:ListClusters",
      "elasticmapreduce:ListSteps", "elasticmapreduce:DescribeStep", "elasticmapreduce:AddJobFlowSteps",
      "elasticmapreduce:CancelSteps", "elasticmapreduce:TerminateJobFlows", "elasticmapreduce:AddTags",
    ]
    resources = ["*"]
  }
  statement {
    sid       = "TheirRoles"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.emr.arn, aws_iam_role.nodes.arn]
  }
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
    sid       = "TheSecretOfARun"
    actions   = ["secretsmanager:CreateSecret", "secretsmanager:PutSecretValue", "secretsmanager:DeleteSecret", "secretsmanager:TagResource"]
    resources = [local.secrets]
  }
  statement {
    sid = "Tables"
    actions = [
      "glue:GetDatabase", "glue:CreateDatabase", "glue:GetTable", "glue:CreateTable", "glue:UpdateTable",
      "glue:GetPartitions", "glue:BatchCreatePartition", "glue:BatchUpdatePartition", "glue:BatchDeletePartition",
    ]
    resources = local.glue
  }
  statement {
    sid       = "Counting"
    actions   = ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults"]
    resources = [aws_athena_workgroup.lake.arn]
  }
}

resource "aws_iam_policy" "operators" {
  name   = "${var.name}-operators"
  policy = data.aws_iam_policy_document.operators.json
}
