# A cluster for a run, by the clock. A start that fails is tried twice more, and then lies in a queue. Of one that is delivered twice one
# run ends with exit code 4: the execution's id is the run's.

locals {
  request = var.schedule == null ? null : jsondecode(file(var.schedule.request))
}

resource "aws_sqs_queue" "not_started" {
  count                     = var.schedule == null ? 0 : 1
  name                      = "${var.name}-not-started"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_iam_role" "scheduler" {
  count              = var.schedule == null ? 0 : 1
  name               = "${var.name}-scheduler"
  assume_role_policy = data.aws_iam_policy_document.assumed["scheduler"].json
}

data "aws_iam_policy_document" "scheduler" {
  count = var.schedule == null ? 0 : 1
  statement {
    actions   = ["elasticmapreduce:RunJobFlow", "elasticmapreduce:AddTags"]
    resources = ["*"]
  }
  statement {
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.emr.arn, aws_iam_role.nodes.arn]
  }
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.not_started[0].arn]
  }
}

resource "aws_iam_role_policy" "scheduler" {
  count  = var.schedule == null ? 0 : 1
  name   = "start-clusters"
  role   = aws_iam_role.scheduler[0].id
  policy = data.aws_iam_policy_document.scheduler[0].json
}

resource "aws_scheduler_schedule" "run" {
  count                        = var.schedule == null ? 0 : 1
  name                         = var.name
  schedule_expression          = local.request.ScheduleExpression
  schedule_expression_timezone = try(local.request.ScheduleExpressionTimezone, "UTC")
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = "arn:aws:scheduler:::aws-sdk:emr:runJobFlow"
    role_arn = aws_iam_role.scheduler[0].arn
    input    = local.request.Target.Input
    retry_policy {
      maximum_retry_attempts       = 2
      maximum_event_age_in_seconds = 900
    }
    dead_letter_config {
      arn = aws_sqs_queue.not_started[0].arn
    }
  }
}
