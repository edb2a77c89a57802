/// The cpuset controller: on which CPUs and memory nodes the processes may be.
package enum CpusetController {
    static func appendWrites(for resources: CgroupResources, to writes: inout [CgroupWrite]) {
        if let cpus = resources.cpusetCPUs { writes.append(CgroupWrite("cpuset.cpus", cpus)) }
        if let mems = resources.cpusetMems { writes.append(CgroupWrite("cpuset.mems", mems)) }
    }

    /// The numbers of a list such as `0-2,7`; `nil` when it is none. At most 8192, the kernel's own ceiling for CPUs.
    package static func parseList(_ text: String) -> [Int]? {
        var numbers: [Int] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: !text.contains(",")) {
            let ends = item.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2 else { return nil }
            guard 0 <= first, first <= last, last < 8192 else { return nil }
            numbers.append(contentsOf: first...last)
        }
        return numbers
    }

    /// The list of these numbers in the kernel's spelling: sorted, with ranges.
    package static func formatList(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in Set(numbers).sorted() {
            if let last = ranges.last, last.upperBound + 1 == number {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(
            separator: ",")
    }
}
