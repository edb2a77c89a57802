internal import LinuxSystem

/// Reads from the kernel, by process id, what a declaration speaks of, and all else that is read along with it.
package enum Actual {
    package static func read(_ declaration: Declaration) -> Findings {
        var findings = Findings()
        let inquiry = declaration.inquiry
        let containers = declaration.facts.containers
        NamespaceReader.read(containers.map { (name: $0.name, pid: $0.pid) }, into: &findings)
        var podCgroup: String?
        for container in containers {
            let path = read(container, declaration, inquiry, into: &findings)
            podCgroup = podCgroup ?? path.map { String($0[..<($0.lastIndex(of: "/") ?? $0.startIndex)]) }
        }
        if let podCgroup, declaration.facts.isManaged, let reader = try? CgroupReader() {
            reader.read("pod/cgroup", at: podCgroup, into: &findings)
            findings.set("pod/cgroup/path", podCgroup, at: podCgroup)
        }
        if let first = containers.first { NetworkReader.read(pid: first.pid, sysctls: inquiry.sysctls, into: &findings) }
        return findings
    }

    private static func read(
        _ container: ContainerFacts, _ declaration: Declaration, _ inquiry: Inquiry, into findings: inout Findings
    ) -> String? {
        let name = container.name
        let known = declaration.container(name).map { Set(declaration.knownVariables(container, $0)) } ?? []
        do {
            try ProcessReader(name: name, pid: container.pid).read(
                programs: inquiry.programs[name] ?? [], knownVariables: known, into: &findings)
            try MountReader(name: name, pid: container.pid).read(
                covered: inquiry.covered[name] ?? [], twins: inquiry.twins[name] ?? [:], into: &findings)
        } catch {
            findings.fail("\(name)/process", error, at: "/proc/\(container.pid)")
        }
        do {
            return try CgroupReader().read(name, pid: container.pid, into: &findings)
        } catch {
            findings.fail("\(name)/cgroup", error, at: "/proc/self/mountinfo")
            return nil
        }
    }
}
