/// Functions of lists: Kubernetes' own, and those of cel-go's `ext/lists.go`.
extension Libraries {
    private static let element = CELType.parameter("T")
    private static let comparable: [CELType] = [.int, .uint, .double, .bool, .string, .bytes, .timestamp, .duration]

    private static func list(_ arguments: [CELValue], _ meter: inout CELMeter) throws(CELEvaluationError) -> [CELValue] {
        guard case .list(let list) = arguments[0] else { throw .noSuchOverload }
        try meter.charge(list.count)
        return list.values
    }

    static func addLists(_ table: inout FunctionTable) {
        addSums(&table)
        addExtremes(&table)
        addParts(&table)
        addOrders(&table)
        table.member("indexOf", [.list(element), element], .int) { arguments, meter in
            .int(Int64(try list(arguments, &meter).firstIndex { $0.equals(arguments[1]) } ?? -1))
        }
        table.member("lastIndexOf", [.list(element), element], .int) { arguments, meter in
            .int(Int64(try list(arguments, &meter).lastIndex { $0.equals(arguments[1]) } ?? -1))
        }
        table.member("distinct", [.list(element)], .list(element)) { arguments, meter in
            var kept: [CELValue] = []
            for value in try list(arguments, &meter) {
                try meter.charge(kept.count)
                if !kept.contains(where: { $0.equals(value) }) { kept.append(value) }
            }
            return .list(CELList(kept))
        }
        table.global("lists.range", [.int], .list(.int)) { arguments, meter in
            guard case .int(let count) = arguments[0] else { throw CELEvaluationError.noSuchOverload }
            try meter.charge(Int(clamping: count))
            return .list(CELList((0..<max(0, count)).map { .int($0) }))
        }
    }

    // MARK: Sums and extremes

    private static func addSums(_ table: inout FunctionTable) {
        let zeros: [(CELType, CELValue)] = [(.int, .int(0)), (.uint, .uint(0)), (.double, .double(0)), (.duration, .duration(0))]
        for (type, zero) in zeros {
            table.member("sum", [.list(type)], type) { arguments, meter in
                var sum: CELValue?
                for value in try list(arguments, &meter) {
                    guard let before = sum else {
                        sum = value
                        continue
                    }
                    sum = try added(before, value)
                }
                return sum ?? zero
            }
        }
    }

    private static func added(_ one: CELValue, _ two: CELValue) throws(CELEvaluationError) -> CELValue {
        switch (one, two) {
        case (.int(let one), .int(let two)):
            let (sum, isOver) = one.addingReportingOverflow(two)
            if isOver { throw CELEvaluationError("integer overflow") }
            return .int(sum)
        case (.uint(let one), .uint(let two)):
            let (sum, isOver) = one.addingReportingOverflow(two)
            if isOver { throw CELEvaluationError("unsigned integer overflow") }
            return .uint(sum)
        case (.double(let one), .double(let two)): return .double(one + two)
        case (.duration(let one), .duration(let two)):
            let (sum, isOver) = one.addingReportingOverflow(two)
            if isOver { throw CELEvaluationError("duration overflow") }
            return .duration(sum)
        default: throw .noSuchOverload
        }
    }

    private static func compared(_ one: CELValue, _ two: CELValue) throws(CELEvaluationError) -> CELValue.Ordering {
        guard let order = one.compare(two) else { throw .noSuchOverload }
        return order
    }

    private static func addExtremes(_ table: inout FunctionTable) {
        for type in comparable {
            for (name, wanted) in [("min", CELValue.Ordering.less), ("max", .greater)] {
                table.member(name, [.list(type)], type) { arguments, meter in
                    let values = try list(arguments, &meter)
                    guard var best = values.first else { throw CELEvaluationError("\(name) called on empty list") }
                    for value in values.dropFirst() where try compared(value, best) == wanted { best = value }
                    return best
                }
            }
            table.member("isSorted", [.list(type)], .bool) { arguments, meter in
                let values = try list(arguments, &meter)
                for (one, two) in zip(values, values.dropFirst()) where try compared(one, two) == .greater { return .bool(false) }
                return .bool(true)
            }
        }
    }

    // MARK: Parts

    private static func addParts(_ table: inout FunctionTable) {
        table.member("slice", [.list(element), .int, .int], .list(element)) { arguments, meter in
            let values = try list(arguments, &meter)
            guard case .int(let start) = arguments[1], case .int(let end) = arguments[2] else { throw CELEvaluationError.noSuchOverload }
            if start < 0 || end < 0 {
                throw CELEvaluationError("cannot slice(\(start), \(end)), negative indexes not supported")
            }
            if start > end {
                throw CELEvaluationError("cannot slice(\(start), \(end)), start index must be less than or equal to end index")
            }
            guard end <= values.count else { throw CELEvaluationError("cannot slice(\(start), \(end)), list is length \(values.count)") }
            return .list(CELList(Array(values[Int(start)..<Int(end)])))
        }
        table.member("flatten", [.list(.list(element))], .list(element)) { arguments, meter in
            try .list(CELList(flattened(try list(arguments, &meter), 1, &meter)))
        }
        table.member("flatten", [.list(.dynamic), .int], .list(.dynamic)) { arguments, meter in
            guard case .int(let depth) = arguments[1] else { throw CELEvaluationError.noSuchOverload }
            if depth < 0 { throw CELEvaluationError("level must be non-negative") }
            return try .list(CELList(flattened(try list(arguments, &meter), depth, &meter)))
        }
        for (name, isFirst) in [("first", true), ("last", false)] {
            table.member(name, [.list(element)], .optional(element)) { arguments, _ in
                guard case .list(let list) = arguments[0] else { throw CELEvaluationError.noSuchOverload }
                return .optional(list.count == 0 ? nil : list[isFirst ? 0 : list.count - 1])
            }
        }
    }

    private static func flattened(_ values: [CELValue], _ depth: Int64, _ meter: inout CELMeter) throws(CELEvaluationError) -> [CELValue] {
        var result: [CELValue] = []
        for value in values {
            guard depth > 0, case .list(let inner) = value else {
                result.append(value)
                continue
            }
            try meter.charge(inner.count)
            result += try flattened(inner.values, depth - 1, &meter)
        }
        return result
    }

    // MARK: Orders

    private static func addOrders(_ table: inout FunctionTable) {
        table.member("reverse", [.list(element)], .list(element)) { arguments, meter in
            .list(CELList(try list(arguments, &meter).reversed()))
        }
        for type in comparable {
            table.member("sort", [.list(type)], .list(type)) { arguments, meter in
                let values = try list(arguments, &meter)
                return try .list(CELList(sorted(values, by: values, &meter)))
            }
            // What `sortBy(x, key)` becomes.
            table.member("@sortByAssociatedKeys", [.list(element), .list(type)], .list(element)) { arguments, meter in
                guard case .list(let keys) = arguments[1] else { throw CELEvaluationError.noSuchOverload }
                return try .list(CELList(sorted(try list(arguments, &meter), by: keys.values, &meter)))
            }
        }
    }

    /// Equal keys keep their order.
    private static func sorted(
        _ values: [CELValue], by keys: [CELValue], _ meter: inout CELMeter
    ) throws(CELEvaluationError) -> [CELValue] {
        for (one, two) in zip(keys, keys.dropFirst()) where one.compare(two) == nil {
            throw CELEvaluationError("list elements must have the same type")
        }
        try meter.charge(values.count * (Int.bitWidth - values.count.leadingZeroBitCount))
        let order = keys.indices.sorted { one, two in
            let order = keys[one].compare(keys[two]) ?? .equal
            return order == .equal ? one < two : order == .less
        }
        return order.map { values[$0] }
    }
}
