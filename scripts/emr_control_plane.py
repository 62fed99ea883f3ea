"""A control plane that plays Amazon EMR on this machine, for tests and for trying things out.

    $(scripts/python-env aws) scripts/emr_control_plane.py FOLDER --s3 http://127.0.0.1:9000 --secrets http://127.0.0.1:5000

It speaks EMR's JSON 1.1, checks each request against botocore's model of the service and against what the documentation says beside
it, and then does what EMR does: a folder for each node, in which the bootstrap actions run; the steps in their order on the primary
node; logs to LogUri; the end of the cluster. Nodes are folders and processes here, found by a mark in their environment; `aws` on
their PATH is this file, too. Credentials are those that this process has: they stand for the nodes' role.

Prints its address. FOLDER/requests.jsonl has what was asked. `GET /nodes/CLUSTER` tells the nodes, `POST /lose/CLUSTER/N` takes one away,
`POST /notice/CLUSTER/N/SECONDS` does so that much after a notice, as of a spot machine, in the metadata that the node asks for (IMDSv2), and
`POST /drop/OPERATION` loses the answer to the next of these: what was asked for is done.

A cluster with the application Spark has the `spark-submit` of --spark, which is the `bin` folder of a Python with PySpark, and S3A (the jars of
--spark-jars) for `s3://`. With --idle a cluster ends after so many seconds without work, whatever its own request says: at
work is who has touched `isbusy`, and Spark.
"""

import argparse
import gzip
import json
import os
import random
import signal
import socket
import string
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

MARK = "TRAPICHE_PLAYED_NODE"
ENDED = ("TERMINATED", "TERMINATED_WITH_ERRORS")


class Invalid(Exception):
    pass


def s3():
    return boto3.client("s3", endpoint_url=os.environ["PLAYED_S3"], region_name="us-east-1")


def split(url):
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


def aws(words):
    """The few commands of AWS's own program that the scripts on the nodes use."""
    words = [word for word in words if word != "--only-show-errors"]
    if words[:2] == ["s3", "cp"]:
        source, target = words[2:]
        if source.startswith("s3://") and target == "-":
            bucket, key = split(source)
            sys.stdout.buffer.write(s3().get_object(Bucket=bucket, Key=key)["Body"].read())
        elif source.startswith("s3://"):
            bucket, key = split(source)
            s3().download_file(bucket, key, target)
        else:
            bucket, key = split(target)
            s3().upload_file(source, bucket, key)
    elif words[:2] == ["secretsmanager", "delete-secret"]:
        name = words[words.index("--secret-id") + 1]
        client = boto3.client("secretsmanager", endpoint_url=os.environ["PLAYED_SECRETS"])
        client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        print("{}")
    else:
        sys.exit(f"this `aws` does not know: {' '.join(words)}")


def free_ports():
    """A port and the next one, below those that the system gives to connections."""
    while True:
        port = random.randrange(20_000, 32_000, 2)
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 1))
                return port
            except OSError:
                continue


def identifier(prefix):
    return prefix + "".join(random.choices(string.ascii_uppercase + string.digits, k=13))


def processes(mark):
    """Those that have the mark, and those that they have started."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(line == wanted or line.startswith(wanted + b"/") for line in environment):
            found.append(int(entry.name))
    return found


def kill(mark):
    for _ in range(50):
        alive = processes(mark)
        if not alive:
            return
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)


class Node:
    def __init__(self, cluster, number, role, folder):
        self.cluster, self.number, self.role = cluster, number, role
        self.root = folder / f"node-{number}"
        self.mark, self.notice, self.tokens = f"{cluster.id}/{number}", None, set()
        info = self.root / "mnt/var/lib/info"
        info.mkdir(parents=True)
        (self.root / "emr/metricscollector").mkdir(parents=True)
        (info / "instance.json").write_text(json.dumps({"isMaster": role == "MASTER", "instanceGroupId": role}, indent=2))
        (info / "job-flow.json").write_text(json.dumps({"jobFlowId": cluster.id, "masterPrivateDnsName": "127.0.0.1"}, indent=2))

    def environment(self):
        own = {
            MARK: self.mark,
            "HOME": str(self.root),
            "PATH": ":".join([str(self.cluster.plane.tools), *self.cluster.spark(), os.environ["PATH"]]),
            "SPARK_CONF_DIR": str(self.cluster.plane.folder / "spark-conf"),
            "TRAPICHE_NODE": f"node-{self.number}",
            "TRAPICHE_ROOT": str(self.root),
            "TRAPICHE_BIND": "127.0.0.1",
            "TRAPICHE_PORT": str(free_ports()),
            "TRAPICHE_DRIVER_PORT": str(self.cluster.driver_port),
            "TRAPICHE_LOG_EVERY": str(self.cluster.plane.log_every),
            "TRAPICHE_WORKER_OPTIONS": "--memory 300MB --threads 1",
            # Where it hears that it will be taken away. Credentials are in its environment.
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{self.cluster.plane.address}/imds/{self.mark}",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        kept = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL_SSM")
        kept += ("PLAYED_S3", "PLAYED_SECRETS")
        return {**{name: os.environ[name] for name in kept if name in os.environ}, **own}

    def stop(self, patience=15):
        """As a system that goes down: its service is asked to end, and waited for. Then all else is ended."""
        try:
            pid = int((self.root / "opt/trapiche/worker.pid").read_text())
            if pid in processes(self.mark):
                os.kill(pid, signal.SIGTERM)
            begun = time.time()
            while time.time() - begun < patience and pid in processes(self.mark):
                time.sleep(0.1)
        except (OSError, ValueError):
            pass
        kill(self.mark)

    def taken(self, seconds):
        """As a spot machine: told ahead, and gone then, whatever it is at."""
        self.notice = {"action": "terminate", "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))}
        time.sleep(seconds)
        kill(self.mark)

    def run(self, words, name, log_path):
        """Runs something on the node to its end; its exit code. What it says goes to LogUri."""
        out, err = self.root / f"{name}.stdout", self.root / f"{name}.stderr"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                words, cwd=self.root, env=self.environment(), stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
            )
            self.process = process
            code = process.wait()
        for path in (out, err):
            self.cluster.log(f"{log_path}/{path.suffix[1:]}.gz", path.read_bytes())
        return code


class Cluster:
    def __init__(self, plane, request):
        self.plane, self.request, self.id = plane, request, identifier("j-")
        self.state, self.why, self.created = "STARTING", {}, time.time()
        self.steps = [Step(step) for step in request.get("Steps", [])]
        self.driver_port = free_ports()
        self.lock, self.is_ended = threading.Lock(), False
        folder = plane.folder / self.id
        folder.mkdir()
        counts = {"MASTER": 1, "CORE": 0, "TASK": 0}
        for fleet in request["Instances"].get("InstanceFleets", []):
            count = fleet.get("TargetOnDemandCapacity", 0) + fleet.get("TargetSpotCapacity", 0)
            counts[fleet["InstanceFleetType"]] = count
        for group in request["Instances"].get("InstanceGroups", []):
            counts[group["InstanceRole"]] = group["InstanceCount"]
        roles = [role for role, count in counts.items() for _ in range(count)]
        self.nodes = [Node(self, number, role, folder) for number, role in enumerate(roles)]
        threading.Thread(target=self.live, daemon=True).start()
        if plane.idle:
            threading.Thread(target=self.watch, daemon=True).start()

    def spark(self):
        """What Spark adds to a node's PATH."""
        names = [application["Name"] for application in self.request.get("Applications", [])]
        return [self.plane.spark] if self.plane.spark and "Spark" in names else []

    def watch(self):
        """Ends a cluster that does nothing: YARN has no work, and nobody says that he is at work."""
        since = time.time()
        while not self.is_ended:
            time.sleep(0.2)
            file = self.nodes[0].root / "emr/metricscollector/isbusy"
            since = max(since, file.stat().st_mtime if file.exists() else 0)
            if self.state not in ("RUNNING", "WAITING") or any(step.is_on_spark() for step in self.steps):
                since = time.time()
            if time.time() - since > self.plane.idle:
                return self.end("TERMINATED", "AUTO_TERMINATION", "Auto-terminated as idle")

    def log(self, path, content):
        bucket, key = split(self.request["LogUri"])
        body = gzip.compress(content)
        s3().put_object(Bucket=bucket, Key=f"{key.rstrip('/')}/{self.id}/{path}", Body=body)

    def live(self):
        time.sleep(self.plane.pace)
        self.become("BOOTSTRAPPING")
        failed = []

        def prepare(node):
            for number, action in enumerate(self.request.get("BootstrapActions", []), 1):
                script = node.root / f"bootstrap-{number}.sh"
                bucket, key = split(action["ScriptBootstrapAction"]["Path"])
                s3().download_file(bucket, key, str(script))
                words = ["bash", str(script), *action["ScriptBootstrapAction"].get("Args", [])]
                if node.run(words, f"bootstrap-{number}", f"node/i-{node.number}/bootstrap-actions/{number}") != 0:
                    failed.append(f"bootstrap action {number} of node {node.number} returned a non-zero return code")

        threads = [threading.Thread(target=prepare, args=(node,)) for node in self.nodes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            return self.end("TERMINATED_WITH_ERRORS", "BOOTSTRAP_FAILURE", failed[0])
        self.become("RUNNING")
        while not self.is_ended:
            step = next((step for step in self.steps if step.state == "PENDING"), None)
            if step is None:
                if not self.request["Instances"].get("KeepJobFlowAliveWhenNoSteps"):
                    return self.end("TERMINATED", "ALL_STEPS_COMPLETED", "Steps completed")
                self.become("WAITING")
                time.sleep(self.plane.pace)
                continue
            self.become("RUNNING")
            step.state = "RUNNING"
            code = self.nodes[0].run(step.request["HadoopJarStep"]["Args"], step.id, f"steps/{step.id}")
            if step.state == "CANCEL_PENDING" or self.is_ended:
                step.state = "CANCELLED"
            elif code == 0:
                step.state = "COMPLETED"
            else:
                step.state = "FAILED"
                log = f"{self.request['LogUri'].rstrip('/')}/{self.id}/steps/{step.id}/stderr.gz"
                step.failure = {"Reason": "Unknown Error.", "Message": f"Exception: exit code {code}", "LogFile": log}
                if step.request.get("ActionOnFailure", "CONTINUE") == "TERMINATE_CLUSTER":
                    for other in self.steps:
                        other.state = "CANCELLED" if other.state == "PENDING" else other.state
                    return self.end("TERMINATED_WITH_ERRORS", "STEP_FAILURE", "Shut down as step failed")

    def become(self, state):
        with self.lock:
            if not self.is_ended:
                self.state = state

    def end(self, state, code, message):
        with self.lock:
            if self.is_ended:
                return
            self.is_ended = True
            self.state, self.why = "TERMINATING", {"Code": code, "Message": message}
        time.sleep(self.plane.pace)
        stops = [threading.Thread(target=node.stop) for node in self.nodes]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()
        kill(self.id)
        for step in self.steps:
            if step.state in ("PENDING", "RUNNING", "CANCEL_PENDING"):
                step.state = "CANCELLED"
        self.state = state

    def summary(self):
        status = {"State": self.state, "StateChangeReason": self.why, "Timeline": {"CreationDateTime": self.created}}
        return {"Id": self.id, "Name": self.request["Name"], "Status": status}


class Step:
    def __init__(self, request):
        self.request, self.id, self.state, self.failure = request, identifier("s-"), "PENDING", None

    def is_on_spark(self):
        return self.state == "RUNNING" and self.request["Name"].endswith("spark-compat")

    def described(self):
        status = {"State": self.state, "StateChangeReason": {}}
        if self.failure:
            status["FailureDetails"] = self.failure
        request = self.request
        config = {"Jar": request["HadoopJarStep"]["Jar"], "Args": request["HadoopJarStep"].get("Args", [])}
        return {"Id": self.id, "Name": request["Name"], "ActionOnFailure": request.get("ActionOnFailure", "CONTINUE"), "Config": config, "Status": status}


class Plane:
    def __init__(self, folder, pace, idle, log_every, spark, spark_jars):
        self.log_every = log_every
        self.folder, self.pace, self.idle, self.spark, self.address = folder, pace, idle, spark, None
        self.clusters, self.lock, self.dropped = {}, threading.Lock(), []
        self.model = ServiceModel(Loader().load_service_model("emr", "service-2"), "emr")
        self.tools = folder / "tools"
        self.tools.mkdir(parents=True)
        tool = self.tools / "aws"
        tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" --as-aws "$@"\n')
        tool.chmod(0o755)
        # As EMR has it in /etc/spark/conf; credentials are the environment's.
        conf = folder / "spark-conf"
        conf.mkdir()
        settings = {
            "spark.master": "local[2]",
            "spark.jars": ",".join(map(str, sorted(Path(spark_jars).glob("*.jar")))) if spark_jars else "",
            "spark.ui.enabled": "false",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.sql.shuffle.partitions": "4",
            "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
            "spark.hadoop.fs.s3a.endpoint": os.environ["PLAYED_S3"],
            "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
        }
        lines = [f"{name} {value}\n" for name, value in settings.items() if value]
        (conf / "spark-defaults.conf").write_text("".join(lines))

    def answer(self, operation, request):
        with self.lock, (self.folder / "requests.jsonl").open("a") as log:
            log.write(json.dumps({"operation": operation, "request": request}) + "\n")
        self.check(operation, request)
        return getattr(self, operation)(request)

    def check(self, operation, request):
        """Against the service's model, and what it leaves out."""
        if operation not in self.model.operation_names or not hasattr(self, operation):
            raise Invalid(f"no operation {operation} here")
        shape = self.model.operation_model(operation).input_shape
        report = ParamValidator().validate(request, shape)
        if report.has_errors():
            raise Invalid(report.generate_report())
        self.check_words(request, shape, operation)
        for step in request.get("Steps", []):
            if sum(len(word) for word in step["HadoopJarStep"].get("Args", [])) > 10240:
                raise Invalid("the step's strings have more than 10240 characters")
            if len(step["Name"]) > 256:
                raise Invalid("the step's name is longer than 256")

    def check_words(self, value, shape, place):
        if shape.type_name == "structure":
            for name, member in value.items():
                self.check_words(member, shape.members[name], f"{place}.{name}")
        elif shape.type_name == "list":
            for member in value:
                self.check_words(member, shape.member, place)
        elif shape.type_name == "string" and shape.enum and value not in shape.enum:
            raise Invalid(f"{place}: {value} is none of {shape.enum}")

    def of(self, request, key="ClusterId"):
        cluster = self.clusters.get(request.get(key))
        if cluster is None:
            raise Invalid("Cluster id is not valid.")
        return cluster

    def RunJobFlow(self, request):
        instances = request["Instances"]
        if bool(instances.get("InstanceFleets")) == bool(instances.get("InstanceGroups")):
            raise Invalid("either instance fleets or instance groups")
        if instances.get("InstanceGroups") and instances.get("Ec2SubnetIds"):
            raise Invalid("several subnets are for instance fleets")
        if not 60 <= request.get("AutoTerminationPolicy", {}).get("IdleTimeout", 60) <= 604800:
            raise Invalid("the idle timeout is 60 to 604800 seconds")
        for role in ("ServiceRole", "JobFlowRole"):
            if not request.get(role):
                raise Invalid(f"{role} is required")
        cluster = Cluster(self, request)
        self.clusters[cluster.id] = cluster
        return {"JobFlowId": cluster.id, "ClusterArn": f"arn:aws:elasticmapreduce:eu-west-1:123456789012:cluster/{cluster.id}"}

    def DescribeCluster(self, request):
        cluster = self.of(request)
        return {"Cluster": {**cluster.summary(), "LogUri": cluster.request["LogUri"], "Tags": cluster.request.get("Tags", [])}}

    def ListClusters(self, request):
        states, after = request.get("ClusterStates"), request.get("CreatedAfter", 0)
        found = [it for it in self.clusters.values() if it.created > after and (not states or it.state in states)]
        return {"Clusters": [cluster.summary() for cluster in sorted(found, key=lambda it: -it.created)]}

    def ListSteps(self, request):
        return {"Steps": [step.described() for step in reversed(self.of(request).steps)]}

    def step(self, request):
        found = next((step for step in self.of(request).steps if step.id == request["StepId"]), None)
        if found is None:
            raise Invalid("Step id is not valid.")
        return found

    def DescribeStep(self, request):
        return {"Step": self.step(request).described()}

    def AddJobFlowSteps(self, request):
        cluster = self.of(request, "JobFlowId")
        if cluster.is_ended:
            raise Invalid("A job flow that is shutting down, terminated, or finished may not be modified.")
        steps = [Step(step) for step in request["Steps"]]
        cluster.steps.extend(steps)
        return {"StepIds": [step.id for step in steps]}

    def CancelSteps(self, request):
        cluster, told = self.of(request), []
        for identifier in request["StepIds"]:
            step = self.step({**request, "StepId": identifier})
            is_open = step.state in ("PENDING", "RUNNING")
            if step.state == "PENDING":
                step.state = "CANCELLED"
            elif step.state == "RUNNING":
                step.state = "CANCEL_PENDING"
                cluster.nodes[0].process.send_signal(signal.SIGTERM)
            told.append({"StepId": identifier, "Status": "SUBMITTED" if is_open else "FAILED"})
        return {"CancelStepsInfoList": told}

    def TerminateJobFlows(self, request):
        for identifier in request["JobFlowIds"]:
            cluster = self.of({"ClusterId": identifier})
            threading.Thread(target=cluster.end, args=("TERMINATED", "USER_REQUEST", "User request")).start()
        return {}

    def AddTags(self, request):
        self.of(request, "ResourceId").request.setdefault("Tags", []).extend(request["Tags"])
        return {}


def handler(plane):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def send(self, code, body):
            text = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def node(self, verb):
            cluster, number = self.path.removeprefix(f"/{verb}/").split("/")[:2]
            return plane.clusters[cluster].nodes[int(number)]

        def plain(self, code, text):
            self.send_response(code)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def do_PUT(self):
            # IMDSv2 asks for a token first.
            token = identifier("token-")
            self.node("imds").tokens.add(token)
            self.plain(200, token)

        def do_GET(self):
            if self.path.startswith("/imds/"):
                node = self.node("imds")
                if self.headers.get("X-aws-ec2-metadata-token") not in node.tokens:
                    return self.plain(401, "Unauthorized")
                is_notice = self.path.endswith("/latest/meta-data/spot/instance-action") and node.notice
                return self.plain(200, json.dumps(node.notice)) if is_notice else self.plain(404, "Not Found")
            cluster = plane.clusters.get(self.path.removeprefix("/nodes/"))
            if cluster is None:
                return self.send(200, [{"id": it.id, "state": it.state} for it in plane.clusters.values()])
            self.send(200, [{"number": it.number, "role": it.role, "processes": processes(it.mark)} for it in cluster.nodes])

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.startswith("/lose/"):
                kill(self.path.removeprefix("/lose/"))
                return self.send(200, {})
            if self.path.startswith("/notice/"):
                seconds = float(self.path.split("/")[4])
                threading.Thread(target=self.node("notice").taken, args=(seconds,), daemon=True).start()
                return self.send(200, {})
            if self.path.startswith("/drop/"):
                plane.dropped.append(self.path.removeprefix("/drop/"))
                return self.send(200, {})
            signed = self.headers.get("Authorization", "")
            if not signed.startswith("AWS4-HMAC-SHA256") or "/elasticmapreduce/aws4_request" not in signed:
                return self.send(403, {"__type": "MissingAuthenticationToken", "message": "not signed for elasticmapreduce"})
            operation = self.headers.get("X-Amz-Target", "").removeprefix("ElasticMapReduce.")
            try:
                answer = plane.answer(operation, json.loads(body or b"{}"))
                if operation in plane.dropped:
                    plane.dropped.remove(operation)
                    self.close_connection = True
                    return self.connection.shutdown(socket.SHUT_RDWR)
                self.send(200, answer)
            except Invalid as why:
                self.send(400, {"__type": "ValidationException", "message": str(why)})

    return Handler


def main():
    if sys.argv[1:2] == ["--as-aws"]:
        return aws(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--s3", required=True)
    parser.add_argument("--secrets", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pace", type=float, default=0.5, help="seconds that each change of a cluster takes")
    parser.add_argument("--idle", type=float, default=0)
    parser.add_argument("--log-every", type=float, default=1, help="seconds between two words of a node")
    parser.add_argument("--spark", help="the `bin` folder of a Python with PySpark")
    parser.add_argument("--spark-jars", help="a folder of jars: `scripts/spark-jars` makes one")
    given = parser.parse_args()
    os.environ.update(PLAYED_S3=given.s3, PLAYED_SECRETS=given.secrets)
    for service in ("SECRETS_MANAGER", "SSM"):
        os.environ[f"AWS_ENDPOINT_URL_{service}"] = given.secrets
    plane = Plane(given.folder.resolve(), given.pace, given.idle, given.log_every, given.spark, given.spark_jars)
    server = ThreadingHTTPServer(("127.0.0.1", given.port), handler(plane))
    plane.address = f"http://127.0.0.1:{server.server_address[1]}"

    def stop(*_):
        for cluster in plane.clusters.values():
            kill(cluster.id)
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    print(plane.address, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
