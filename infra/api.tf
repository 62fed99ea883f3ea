# Results by REST: an HTTP API before a Lambda function that reads the lake.

locals {
  has_api = var.results == null ? 0 : 1
}

resource "aws_iam_role" "results" {
  count              = local.has_api
  name               = "${var.name}-results"
  assume_role_policy = data.aws_iam_policy_document.assumed["results"].json
}

data "aws_iam_policy_document" "results" {
  count = local.has_api
  statement {
    sid       = "TheLake"
    actions   = ["s3:GetObject"]
    resources = ["${local.lake}/*"]
  }
  statement {
    sid       = "ItsList"
    actions   = ["s3:ListBucket"]
    resources = [local.lake]
  }
  # Answers above 6 MB lie in the lake for their reader.
  statement {
    sid       = "LargeAnswers"
    actions   = ["s3:PutObject", "s3:DeleteObject"]
    resources = ["${local.lake}/*_trapiche/answers/*"]
  }
  statement {
    sid       = "ItsLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.results[0].arn}:*"]
  }
}

resource "aws_iam_role_policy" "results" {
  count  = local.has_api
  name   = "read-the-lake"
  role   = aws_iam_role.results[0].id
  policy = data.aws_iam_policy_document.results[0].json
}

resource "aws_cloudwatch_log_group" "results" {
  count             = local.has_api
  name              = "/aws/lambda/${var.name}-results"
  retention_in_days = 30
}

resource "aws_lambda_function" "results" {
  count            = local.has_api
  function_name    = "${var.name}-results"
  role             = aws_iam_role.results[0].arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.results.architecture]
  filename         = var.results.archive
  source_code_hash = filebase64sha256(var.results.archive)
  memory_size      = var.results.memory_mb
  # API Gateway waits for 30.
  timeout    = 29
  depends_on = [aws_cloudwatch_log_group.results, aws_iam_role_policy.results]
}

resource "aws_apigatewayv2_api" "results" {
  count         = local.has_api
  name          = "${var.name}-results"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "results" {
  count                  = local.has_api
  api_id                 = aws_apigatewayv2_api.results[0].id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.results[0].invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  count            = var.results == null || var.jwt == null ? 0 : 1
  api_id           = aws_apigatewayv2_api.results[0].id
  name             = "jwt"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]
  jwt_configuration {
    issuer   = var.jwt.issuer
    audience = var.jwt.audience
  }
}

# Nobody is let in who says not who they are.
resource "aws_apigatewayv2_route" "all" {
  count              = local.has_api
  api_id             = aws_apigatewayv2_api.results[0].id
  route_key          = "$default"
  target             = "integrations/${aws_apigatewayv2_integration.results[0].id}"
  authorization_type = var.jwt == null ? "AWS_IAM" : "JWT"
  authorizer_id      = var.jwt == null ? null : aws_apigatewayv2_authorizer.jwt[0].id
}

resource "aws_apigatewayv2_stage" "all" {
  count       = local.has_api
  api_id      = aws_apigatewayv2_api.results[0].id
  name        = "$default"
  auto_deploy = true
  default_route_settings {
    throttling_rate_limit  = var.rate
    throttling_burst_limit = var.rate * 2
  }
}

resource "aws_lambda_permission" "api" {
  count         = local.has_api
  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.results[0].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.results[0].execution_arn}/*"
}
