internal import CLinux

/// A process that has called execve(2), or become init.
package struct Spawned: ~Copyable, Sendable {
    /// In the caller's pid namespace.
    package let pid: Int32
    package let pidfd: OwnedFD
    package let adjustments: [SpawnAdjustment]
}

/// An optional operation that took less than it asked for, and why.
package struct SpawnAdjustment: Hashable, Sendable {
    package var op: Int
    package var errno: Errno

    package init(op: Int, errno: Errno) {
        self.op = op
        self.errno = errno
    }
}

/// The first operation of a plan that failed. Nothing of the child is left.
package struct SpawnFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var step: SpawnStep
    /// Index of the operation; -1 before the first.
    package var op: Int
    package var errno: Errno
    /// The kernel's own words or the path tried; may be empty.
    package var detail: String

    package init(step: SpawnStep, op: Int, errno: Errno, detail: String) {
        self.step = step
        self.op = op
        self.errno = errno
        self.detail = detail
    }

    package var description: String { tail }

    /// `mount proc on /proc: fsmount: Operation not permitted`.
    package func description(in plan: ProcessPlan) -> String {
        op < 0 ? tail : "\(plan.describe(op: op)): \(tail)"
    }

    private var tail: String { detail.isEmpty ? "\(step): \(errno)" : "\(step): \(detail): \(errno)" }
}

/// Clones, walks the plan, execs. Blocks until the child has called `execve` or failed to.
///
/// - Parameters:
///   - plan: The bytes of `ProcessPlan.encoded()`; checked again before they are used.
///   - descriptors: Those of the plan's inputs, in order; they stay the caller's.
package func spawn(_ plan: [UInt8], descriptors: [CInt]) throws(SpawnFailure) -> Spawned {
    var result = clinux_spawned()
    let status = unsafe plan.withUnsafeBytes { bytes in
        unsafe clinux_spawn(bytes.baseAddress, bytes.count, descriptors, CInt(descriptors.count), &result)
    }
    guard status == 0 else { throw SpawnFailure(result) }
    return Spawned(pid: result.pid, pidfd: OwnedFD(adopting: result.pidfd), adjustments: adjustments(of: result))
}

extension ProcessPlan {
    /// Encodes the plan and starts it from this process.
    package func spawn(descriptors: [CInt] = []) throws -> Spawned {
        try LinuxSystem.spawn(try encoded(), descriptors: descriptors)
    }
}

extension SpawnFailure {
    fileprivate init(_ result: clinux_spawned) {
        let detail = unsafe withUnsafeBytes(of: result.detail) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        self.init(
            step: SpawnStep(rawValue: result.step), op: Int(result.op), errno: Errno(rawValue: result.error), detail: detail)
    }
}

private func adjustments(of result: clinux_spawned) -> [SpawnAdjustment] {
    unsafe withUnsafeBytes(of: result.adjusted_ops) { ops in
        unsafe withUnsafeBytes(of: result.adjusted_errors) { errors in
            (0..<min(Int(result.adjusted), ops.count / 4)).map { index in
                let op = unsafe ops.load(fromByteOffset: index * 4, as: Int32.self)
                let errno = unsafe errors.load(fromByteOffset: index * 4, as: Int32.self)
                return SpawnAdjustment(op: Int(op), errno: Errno(rawValue: errno))
            }
        }
    }
}
