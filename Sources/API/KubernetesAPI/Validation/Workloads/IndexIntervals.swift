internal import APIMachinery

/// Indexes as they are written in a job's success policy: `0,2-5`, ascending.
enum IndexIntervals {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameter limit: Indexes are below it.
    /// - Returns: How many indexes there are.
    static func count(_ text: String, limit: Int64) -> Result<Int64, Failure> {
        var total: Int64 = 0
        var last: Int64?
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
            if ends.count > 2 {
                return .failure(
                    Failure(
                        description:
                            "the fragment \(String(part).quoted) violates the requirement that an index interval can have at most two parts separated by '-'"
                    ))
            }
            var numbers: [Int64] = []
            for end in ends {
                guard let number = Int64(end) else {
                    return .failure(Failure(description: "cannot convert string to integer for index: \(end.quoted)"))
                }
                if number >= limit { return .failure(Failure(description: "too large index: \(end.quoted)")) }
                numbers.append(number)
            }
            if let last, last >= numbers[0] {
                return .failure(Failure(description: "non-increasing order, previous: \(last), current: \(numbers[0])"))
            }
            if numbers.count == 2, numbers[0] >= numbers[1] {
                return .failure(Failure(description: "non-increasing order, previous: \(numbers[0]), current: \(numbers[1])"))
            }
            let end = numbers.last ?? numbers[0]
            total += end - numbers[0] + 1
            last = end
        }
        return .success(total)
    }
}
