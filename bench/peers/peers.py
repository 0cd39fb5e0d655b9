"""The toolkits that the gateway is compared with, as one child process that speaks JSON, one object a line.

Asked {"op": "open", "model": FP32 ONNX, "films": raw float32 file, "shape": [films, channels, height, width], "folder": scratch}
it prepares every engine that can be imported and answers {"engines": {name: largest probability difference from ONNX Runtime
FP32}, "missing": {toolkit: reason}}. Asked {"op": "measure", "engine": name, "seconds": s} it answers {"rate": films a second}.
Every engine has both cores (or as many as there are) in the way that its makers recommend.
"""

import contextlib
import itertools
import json
import os
import sys
import threading
import time

import numpy as np

CORES = len(os.sched_getaffinity(0))
# The input is read by whoever runs a film, so every engine gets the same ones.
CALIBRATION_FILMS = 32


def run_for(seconds, lanes, batch=1):
    """Films a second of functions that read `batch` films a call, each in a thread of its own."""
    counts = [0] * len(lanes)
    began = time.perf_counter()

    def work(index):
        while time.perf_counter() - began < seconds:
            lanes[index]()
            counts[index] += batch

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(lanes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


class OnnxRuntime:
    """FP32, and the toolkit's own static quantiser in both of its formats."""

    def __init__(self, model, films, folder):
        import onnxruntime

        self.runtime = onnxruntime
        self.films = films
        self.model = fixed_shape(model, films.shape, os.path.join(folder, "fixed.onnx"))
        self.folder = folder
        self.output = [self.session(self.model, 1).get_outputs()[0].name]  # the probabilities

    def session(self, model, threads):
        options = self.runtime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        return self.runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def probabilities(self, session):
        return np.concatenate([session.run(self.output, {"image": film[None]})[0] for film in self.films])

    def engines(self):
        for name, model in [("FP32", self.model), *self.quantised()]:
            one = self.session(model, 1)
            yield f"ONNX Runtime {name}, one session of {CORES} threads", self.lanes(model, 1, CORES), self.probabilities(one)
            yield f"ONNX Runtime {name}, {CORES} sessions", self.lanes(model, CORES, 1), None

    def lanes(self, model, sessions, threads):
        def lane(session):
            films = itertools.cycle(self.films)
            return lambda: session.run(self.output, {"image": next(films)[None]})

        lanes = [lane(self.session(model, threads)) for _ in range(sessions)]
        return lambda seconds: run_for(seconds, lanes)

    def quantised(self):
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process

        class Films(CalibrationDataReader):
            def __init__(self, films):
                self.rest = iter(films)

            def get_next(self):
                film = next(self.rest, None)
                return None if film is None else {"image": film[None]}

        prepared = os.path.join(self.folder, "prepared.onnx")
        quant_pre_process(self.model, prepared)
        for name, form in [("QDQ", QuantFormat.QDQ), ("QOperator", QuantFormat.QOperator)]:
            target = os.path.join(self.folder, f"{name}.onnx")
            quantize_static(
                prepared,
                target,
                Films(self.films[:CALIBRATION_FILMS]),
                quant_format=form,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
            yield f"INT8 {name}", target


class OpenVino:
    """FP32 (bfloat16 where the processor has it is switched off) and INT8 by NNCF."""

    def __init__(self, model, films, _folder):
        import openvino

        self.ov = openvino
        self.core = openvino.Core()
        self.films = films
        self.model = self.core.read_model(model)
        self.model.reshape([1, *films.shape[1:]])

    def engines(self):
        import nncf

        single = {"NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1}
        exact = {"INFERENCE_PRECISION_HINT": "f32"}
        yield "OpenVINO FP32, asynchronous", *self.asynchronous(self.model, {"PERFORMANCE_HINT": "THROUGHPUT", **exact})
        calibration = nncf.Dataset([film[None] for film in self.films[:CALIBRATION_FILMS]])
        quantised = nncf.quantize(self.model, calibration, subset_size=CALIBRATION_FILMS)
        yield "OpenVINO INT8, synchronous, one thread", *self.synchronous(quantised, single)
        for name, options, batch in [
            ("throughput hint", {"PERFORMANCE_HINT": "THROUGHPUT"}, 1),
            ("latency hint", {"PERFORMANCE_HINT": "LATENCY"}, 1),
            ("1 stream", {"NUM_STREAMS": 1}, 1),
            (f"{CORES} streams", {"NUM_STREAMS": CORES}, 1),
            ("throughput hint, batch 8", {"PERFORMANCE_HINT": "THROUGHPUT"}, 8),
            (f"{CORES} streams, batch 8", {"NUM_STREAMS": CORES}, 8),
        ]:
            yield f"OpenVINO INT8, asynchronous, {name}", *self.asynchronous(quantised, options, batch)

    def compiled(self, model, options, batch):
        reshaped = model.clone()
        reshaped.reshape([batch, *self.films.shape[1:]])
        compiled = self.core.compile_model(reshaped, "CPU", options)
        inputs = [self.films[first : first + batch] for first in range(0, len(self.films) - batch + 1, batch)]
        return compiled, inputs

    def synchronous(self, model, options):
        compiled, inputs = self.compiled(model, options, 1)
        request = compiled.create_infer_request()
        rest = itertools.cycle(inputs)
        probabilities = np.concatenate([request.infer([film])[0].copy() for film in inputs])
        return lambda seconds: run_for(seconds, [lambda: request.infer([next(rest)], share_inputs=True)]), probabilities

    def asynchronous(self, model, options, batch=1):
        compiled, inputs = self.compiled(model, options, batch)
        queue = self.ov.AsyncInferQueue(compiled)  # as many requests as the device calls best
        done = [0]
        queue.set_callback(lambda _request, _data: done.__setitem__(0, done[0] + batch))

        def measure(seconds):
            rest = itertools.cycle(inputs)
            done[0] = 0
            began = time.perf_counter()
            while time.perf_counter() - began < seconds:
                queue.start_async([next(rest)], share_inputs=True)
            queue.wait_all()
            return done[0] / (time.perf_counter() - began)

        return measure, None if batch > 1 else np.concatenate([compiled([film])[0].copy() for film in inputs])


class PyTorch:
    """Eager FP32 with the weights of the ONNX file."""

    def __init__(self, model, films, _folder):
        import onnx
        import torch

        self.torch = torch
        torch.set_num_threads(CORES)
        graph = onnx.load(model).graph
        self.weights = {w.name: torch.from_numpy(onnx.numpy_helper.to_array(w).copy()) for w in graph.initializer}
        gemm = next(node for node in graph.node if node.op_type == "Gemm")
        self.classifier = [self.weights[name] for name in gemm.input[1:3]]
        self.films = torch.from_numpy(films)

    def engines(self):
        with self.torch.inference_mode():
            probabilities = np.concatenate([self.forward(film[None]).numpy() for film in self.films])
        films = itertools.cycle(self.films)

        def measure(seconds):
            with self.torch.inference_mode():
                return self.rate(seconds, films)

        yield f"PyTorch FP32 eager, {CORES} threads", measure, probabilities

    def rate(self, seconds, films):
        done = 0
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            self.forward(next(films)[None])
            done += 1
        return done / (time.perf_counter() - began)

    def forward(self, image):
        functional, weights = self.torch.nn.functional, self.weights

        def active(x, name):
            fields = [weights[f"{name}.{field}"] for field in ("running_mean", "running_var", "weight", "bias")]
            return functional.relu(functional.batch_norm(x, *fields))

        def convolved(x, name, padding=0, stride=1):
            return functional.conv2d(x, weights[f"{name}.weight"], padding=padding, stride=stride)

        x = active(convolved(image, "features.conv0", 3, 2), "features.norm0")
        x = functional.max_pool2d(x, 3, 2, 1)
        for block, layers in enumerate((6, 12, 24, 16), 1):
            for layer in range(1, layers + 1):
                name = f"features.denseblock{block}.denselayer{layer}"
                y = convolved(active(x, f"{name}.norm1"), f"{name}.conv1")
                y = convolved(active(y, f"{name}.norm2"), f"{name}.conv2", 1)
                x = self.torch.cat([x, y], 1)
            if block < 4:
                name = f"features.transition{block}"
                x = functional.avg_pool2d(convolved(active(x, f"{name}.norm"), f"{name}.conv"), 2)
        x = active(x, "features.norm5").mean((2, 3))
        return self.torch.sigmoid(functional.linear(x, *self.classifier))


def fixed_shape(model, shape, target):
    """The model with its input's shape written into it, as every toolkit would have it."""
    import onnx
    from onnxruntime.tools.onnx_model_utils import make_input_shape_fixed

    loaded = onnx.load(model)
    make_input_shape_fixed(loaded.graph, "image", [1, *shape[1:]])
    onnx.save(loaded, target)
    return target


def open_engines(request):
    films = np.fromfile(request["films"], np.float32).reshape(request["shape"])
    measures, differences, missing, reference = {}, {}, {}, None
    for toolkit in (OnnxRuntime, OpenVino, PyTorch):
        try:
            for name, measure, probabilities in toolkit(request["model"], films, request["folder"]).engines():
                measure(0.2)  # warm-up
                measures[name] = measure
                if reference is None:
                    reference = probabilities
                if probabilities is not None:
                    differences[name] = float(np.abs(probabilities - reference).max())
        except Exception as error:  # whatever a toolkit fails with, the others are measured
            missing[toolkit.__name__] = f"{type(error).__name__}: {error}"
    return measures, {"engines": list(measures), "differences": differences, "missing": missing}


def main():
    # Toolkits print to standard output; the answers must stay readable.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    measures = {}
    for line in sys.stdin:
        request = json.loads(line)
        with contextlib.redirect_stdout(sys.stderr):
            if request["op"] == "open":
                measures, answer = open_engines(request)
            else:
                answer = {"rate": measures[request["engine"]](request["seconds"])}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()
