/// A parser of what strangers send, and what must hold of it for any bytes: it ends, it traps nowhere, and what it accepts is as it says.
///
/// A broken promise is a failed precondition: a crash, which is what both the fuzzer and the tests see.
package struct FuzzTarget: Sendable {
    /// The name of its folder in the corpus.
    package let name: String
    package let run: @Sendable ([UInt8]) -> Void

    package static let all: [FuzzTarget] = [
        FuzzTarget(name: "json", run: json),
        FuzzTarget(name: "yaml", run: yaml),
        FuzzTarget(name: "json-patch", run: jsonPatch),
        FuzzTarget(name: "merge-patch", run: mergePatch),
        FuzzTarget(name: "strategic-patch", run: strategicPatch),
        FuzzTarget(name: "protobuf", run: protobuf),
        FuzzTarget(name: "label-selector", run: labelSelector),
        FuzzTarget(name: "field-selector", run: fieldSelector),
        FuzzTarget(name: "field-set", run: fieldSet),
        FuzzTarget(name: "request", run: request),
        FuzzTarget(name: "scalars", run: scalars),
    ]
}
