"""Writes ONNX's own node tests as cases for golden/standards.

    pip install onnx==1.23.2 && python export_onnx.py --out onnx

Taken: every test of one node whose values are tensors. Left out, and counted by reason: tests of strings, sequences and
optional values, of codecs, random draws and text, of types of 4 and 8 bits for storage only, of numbers beyond int32, of
subgraphs, of training, and the "_expanded" twins, which ask for the same numbers by way of other nodes.
"""

import argparse
import collections
import math
import warnings

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests

from case_file import CaseFile, Unfit

# codecs, optional values, random draws, text
NOT_OURS = {"ImageDecoder", "OptionalHasElement", "OptionalGetElement", "Bernoulli", "TfIdfVectorizer"}
# sub-byte and 8-bit floats are formats of storage that no tensor library computes in
STORAGE = {"FLOAT8", "FLOAT4", "INT4", "UINT4", "INT2", "UINT2", "FLOAT6"}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", required=True, help="the path of the two files, without an ending")
    out = arguments.parse_args().out
    warnings.simplefilter("ignore")
    file = CaseFile()
    left_out = collections.Counter()
    for test in load_model_tests(kind="node"):
        try:
            file.cases += list(cases_of(test, file))
        except Unfit as reason:
            left_out[str(reason)] += 1
    print(file.write(out), "cases;", "left out:", dict(left_out))


def cases_of(test, file):
    graph = test.model.graph
    if "_expanded" in test.name:
        raise Unfit("expanded")
    if len(graph.node) != 1:
        raise Unfit("several nodes")
    node = graph.node[0]
    if node.domain not in ("", "ai.onnx"):
        raise Unfit(node.domain)
    if node.op_type in NOT_OURS:
        raise Unfit("codecs, optional values, random draws, text")
    for value in [*graph.input, *graph.output]:
        if value.type.WhichOneof("value") != "tensor_type":
            raise Unfit("sequence or optional")
        name = onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type)
        if any(name.startswith(kind) for kind in STORAGE):
            raise Unfit("storage type")
    attributes = {a.name: attribute(onnx.helper.get_attribute_value(a), file) for a in node.attribute}
    names = [value.name for value in graph.input]
    for number, (inputs, outputs) in enumerate(test.data_sets):
        given = dict(zip(names, inputs, strict=True))
        yield {
            "name": test.name if number == 0 else f"{test.name} {number}",
            "op": node.op_type,
            "opset": test.model.opset_import[0].version,
            "attributes": attributes,
            "inputs": [file.tensor(array(given[name])) if name else None for name in node.input],
            "outputs": [file.tensor(array(value)) for value in outputs],
            "outputsWanted": [bool(name) for name in node.output],
        }


def array(value):
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)


def attribute(value, file):
    if isinstance(value, onnx.TensorProto):
        return file.tensor(numpy_helper.to_array(value))
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, float) and not math.isfinite(value):
        return {"number": str(value)}
    if isinstance(value, int | float | str):
        return value
    if isinstance(value, list):
        return [attribute(item, file) for item in value]
    raise Unfit("subgraph")


if __name__ == "__main__":
    main()
