# What whoever runs `trapiche submit`, `publish` and `vacuum` must be allowed: a policy to attach to a user, a group or a role.

data "aws_iam_policy_document" "operators" {
  source_policy_documents = [data.aws_iam_policy_document.lake.json]
  # What `doctor` reads of the bucket.
  statement {
    sid = "ItsRules"
    actions = [
      "s3:GetBucketPublicAccessBlock", "s3:GetEncryptionConfiguration", "s3:GetBucketVersioning", "s3:GetLifecycleConfiguration",
    ]
    resources = [local.lake]
  }
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
    sid       = "TheSecretOfARun"
    actions   = ["secretsmanager:CreateSecret", "secretsmanager:PutSecretValue", "secretsmanager:DeleteSecret", "secretsmanager:TagResource"]
    resources = [local.secrets]
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
