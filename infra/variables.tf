variable "name" {
  description = "What the project is called: it begins the names of all that is made here."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.name))
    error_message = "Lower-case letters, digits and `-`, at most 31, starting with a letter: a bucket is called by it."
  }
}

variable "region" {
  description = "Where all of it is."
  type        = string
}

variable "bucket" {
  description = "The lake's bucket. The name is one of the whole world; by default the project's name and the account's number."
  type        = string
  default     = null
}

variable "versioning" {
  description = "Whether the bucket keeps what is deleted, for `noncurrent_days`. The lake does not need it: `keep` and `--as-of` do that for tables."
  type        = bool
  default     = false
}

variable "noncurrent_days" {
  description = "With `versioning`: how long."
  type        = number
  default     = 7
}

variable "glue_prefix" {
  description = "As `glue.prefix` of the target: databases that begin so are the project's."
  type        = string
  default     = ""
}

variable "scan_limit_gb" {
  description = "How much one statement of Athena may scan."
  type        = number
  default     = 100
}

variable "schedule" {
  description = "When a cluster is brought up for a run, and the file that `trapiche schedule --emit eventbridge` printed. No schedule by default."
  type = object({
    request = string
  })
  default = null
}

variable "alerts" {
  description = "A topic for what failed, and the addresses that are told by mail once they have confirmed it. None by default."
  type = object({
    emails = optional(list(string), [])
  })
  default = null
}

variable "results" {
  description = "The API: the archive of `scripts/lambda-package`, and its architecture. No API by default."
  type = object({
    archive      = string
    architecture = optional(string, "x86_64")
    memory_mb    = optional(number, 1024)
  })
  default = null
}

variable "jwt" {
  description = "Who may ask the API: bearers of tokens of this issuer. Without it, whoever signs as an identity of AWS that is allowed to."
  type = object({
    issuer   = string
    audience = list(string)
  })
  default = null
}

variable "rate" {
  description = "Requests a second that the API takes from all together."
  type        = number
  default     = 50
}
