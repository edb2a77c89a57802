/// A controller of cgroup v2 that pods use. Raw values are the kernel's names, as in `cgroup.controllers`.
package enum CgroupController: String, Sendable, Hashable, CaseIterable {
    case cpu, memory, pids, io, cpuset, hugetlb

    /// The controller that a file belongs to: `memory` for `memory.max`; `nil` for the core's files (`cgroup.freeze`).
    package init?(file: String) {
        self.init(rawValue: String(file.prefix { $0 != "." }))
    }
}

/// A set of controllers, cheap to pass on the way of a pod start.
package struct CgroupControllers: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let cpu = CgroupControllers(.cpu)
    package static let memory = CgroupControllers(.memory)
    package static let pids = CgroupControllers(.pids)
    package static let io = CgroupControllers(.io)
    package static let cpuset = CgroupControllers(.cpuset)
    package static let hugetlb = CgroupControllers(.hugetlb)
    package static let all = CgroupControllers(rawValue: 0b11_1111)

    package init(_ controller: CgroupController) {
        switch controller {
        case .cpu: self.init(rawValue: 1)
        case .memory: self.init(rawValue: 2)
        case .pids: self.init(rawValue: 4)
        case .io: self.init(rawValue: 8)
        case .cpuset: self.init(rawValue: 16)
        case .hugetlb: self.init(rawValue: 32)
        }
    }

    /// Reads the words of `cgroup.controllers` or `cgroup.subtree_control`; controllers that pods do not use (rdma, misc) are left out.
    package init(parsing text: String) {
        self.init()
        for word in text.split(whereSeparator: \.isWhitespace) {
            if let controller = CgroupController(rawValue: String(word)) { insert(CgroupControllers(controller)) }
        }
    }

    /// The members in the order of `CgroupController.allCases`.
    package var members: [CgroupController] {
        CgroupController.allCases.filter { contains(CgroupControllers($0)) }
    }

    /// What to write to `cgroup.subtree_control` to enable these: `+cpu +memory`.
    var enabling: String { members.map { "+\($0.rawValue)" }.joined(separator: " ") }
}
