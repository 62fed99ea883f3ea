# Who is told. Runs publish what failed by `alerts: { sns: … }` of the project. What no run can tell comes from AWS itself: a cluster that ended
# with errors (of a run that failed, too: that is told twice then), and a start that was tried to no end.

resource "aws_sns_topic" "alerts" {
  count = var.alerts == null ? 0 : 1
  name  = "${var.name}-alerts"
}

resource "aws_sns_topic_subscription" "alerts" {
  count     = try(length(var.alerts.emails), 0)
  topic_arn = aws_sns_topic.alerts[0].arn
  protocol  = "email"
  endpoint  = var.alerts.emails[count.index]
}

data "aws_iam_policy_document" "alerts" {
  count = var.alerts == null ? 0 : 1
  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts[0].arn]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sns_topic_policy" "alerts" {
  count  = var.alerts == null ? 0 : 1
  arn    = aws_sns_topic.alerts[0].arn
  policy = data.aws_iam_policy_document.alerts[0].json
}

data "aws_iam_policy_document" "tells" {
  count = var.alerts == null ? 0 : 1
  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts[0].arn]
  }
}

resource "aws_iam_role_policy" "tells" {
  count  = var.alerts == null ? 0 : 1
  name   = "tell"
  role   = aws_iam_role.nodes.id
  policy = data.aws_iam_policy_document.tells[0].json
}

resource "aws_cloudwatch_event_rule" "failed" {
  count = var.alerts == null ? 0 : 1
  name  = "${var.name}-cluster-failed"
  event_pattern = jsonencode({
    source        = ["aws.emr"]
    "detail-type" = ["EMR Cluster State Change"]
    detail        = { state = ["TERMINATED_WITH_ERRORS"], name = [{ prefix = "trapiche " }] }
  })
}

resource "aws_cloudwatch_event_target" "failed" {
  count     = var.alerts == null ? 0 : 1
  rule      = aws_cloudwatch_event_rule.failed[0].name
  target_id = "alerts"
  arn       = aws_sns_topic.alerts[0].arn
}

resource "aws_cloudwatch_metric_alarm" "not_started" {
  count               = var.alerts == null || var.schedule == null ? 0 : 1
  alarm_name          = "${var.name}-not-started"
  alarm_description   = "A cluster of the schedule could not be started: the message in the queue says why."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.not_started[0].name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alerts[0].arn]
}
