import Fuzzing
import Glibc

/// The parser under test: `SWIFTLET_FUZZ_TARGET`.
private let target: FuzzTarget = {
    let name = getenv("SWIFTLET_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
        let message = Array("SWIFTLET_FUZZ_TARGET: one of \(FuzzTarget.all.map(\.name).joined(separator: ", "))\n".utf8)
        write(2, message, message.count)
        exit(2)
    }
    return target
}()

/// What libFuzzer calls with every input (llvm.org/docs/LibFuzzer.html).
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    target.run(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
