import Foundation
import Fuzzing
import TestSupport
import Testing

/// What the fuzzer has found and been given, and a bounded number of changes to it: `make fuzz` goes on where these end.
@Suite struct CorpusTests {
    private static let corpus = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(
        path: "Fuzz/corpus")
    /// Changed inputs for each target; `SWIFTLET_FUZZ_COUNT` asks for more.
    private static let count = ProcessInfo.processInfo.environment["SWIFTLET_FUZZ_COUNT"].flatMap(Int.init) ?? 3_000

    @Test(arguments: FuzzTarget.all.map(\.name))
    func `inputs of the corpus, and changes to them, are taken or refused`(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let folder = Self.corpus.appending(path: name)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        let inputs = try files.sorted { $0.path < $1.path }.map { [UInt8](try Data(contentsOf: $0)) }
        #expect(!inputs.isEmpty, "no corpus for \(name)")
        for input in inputs { target.run(input) }
        var random = Mutator(seed: UInt64(name.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) }))
        for _ in 0..<Self.count { target.run(random.changed(inputs)) }
    }
}
