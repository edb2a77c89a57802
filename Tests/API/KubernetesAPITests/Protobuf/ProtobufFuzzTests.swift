import APIMachinery
import Testing

@testable import KubernetesAPI

#if canImport(Glibc)
    import Glibc
#endif

/// What a fuzzer runs: any bytes give an object or an error, and what was read can be written and read again.
enum ProtobufFuzz {
    static func run(_ bytes: [UInt8]) {
        guard let object = try? ProtobufTranscoder.json(from: bytes) else { return }
        guard let written = ProtobufTranscoder.protobuf(from: object) else { return }
        precondition((try? ProtobufTranscoder.json(from: written)) != nil, "what was written cannot be read")
    }
}

@Suite struct ProtobufFuzzTests {
    /// `SWIFTLET_FUZZ_COUNT` asks for more.
    static let count = unsafe getenv("SWIFTLET_FUZZ_COUNT").flatMap { unsafe Int(String(cString: $0)) } ?? 20_000

    @Test func `changed bodies never crash`() {
        var random = SplitMix(count: Self.count)
        let bodies = ProtobufTests.bodies.map(\.bytes)
        for _ in 0..<Self.count {
            // Long bodies are rare, so that most of the time goes into many short ones.
            var bytes = bodies[random.below(random.below(50) == 0 ? 1 : bodies.count)]
            for _ in 0...random.below(4) { Self.change(&bytes, with: bodies, &random) }
            ProtobufFuzz.run(bytes)
        }
    }

    @Test func `random bytes never crash`() {
        var random = SplitMix(count: Self.count)
        let kinds = ProtobufTests.kinds
        for _ in 0..<Self.count {
            let bytes = (0..<random.below(64)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            ProtobufFuzz.run(bytes)
            ProtobufFuzz.run(ProtobufTranscoder.envelope(kinds[random.below(kinds.count)], around: bytes))
        }
    }

    private static func change(_ bytes: inout [UInt8], with others: [[UInt8]], _ random: inout SplitMix) {
        guard !bytes.isEmpty else { return bytes = [0] }
        let at = random.below(bytes.count)
        switch random.below(7) {
        case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes[at] ^= 1 << UInt8(random.below(8))
        case 2: bytes.remove(at: at)
        case 3: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
        case 4: bytes.removeLast(bytes.count - at)
        case 5: bytes.insert(contentsOf: [0xff, 0xff, 0xff, 0xff, 0x0f].prefix(random.below(6)), at: at)
        default:
            let other = others[random.below(others.count)]
            let start = random.below(other.count)
            bytes.insert(contentsOf: other[start..<min(other.count, start + random.below(40))], at: at)
        }
    }
}

extension SplitMix {
    fileprivate init(count: Int) { self.init(count &+ 1) }
}
