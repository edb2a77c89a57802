/// Turns a profile into a filter: for each architecture a search tree over ranges of numbers, so that a call costs some ten
/// instructions and loading some 50 µs, whatever the number of rules.
///
/// libseccomp supplies the numbers; its own generator puts every call of every architecture into the filter, which takes the
/// kernel several times as long to load, and does not know calls that are younger than itself.
struct SeccompCompiler {
    let profile: SeccompProfile
    let capabilities: CapabilitySet
    let kernel: KernelVersion

    /// What a call of one number leads to.
    enum Outcome: Hashable {
        case action(SeccompAction)
        /// The first whose arguments all match; else the profile's default.
        case conditional([Case])

        struct Case: Hashable {
            var arguments: [SeccompArgument]
            var action: SeccompAction
        }
    }

    /// Consecutive numbers with one outcome, from `start` to the next one's.
    struct Range: Hashable {
        var start: UInt32
        var outcome: Outcome
    }

    func compile() throws(SeccompError) -> SeccompFilter {
        let architectures = profile.architectures.isEmpty ? SeccompArchitecture.native : profile.architectures
        var outcomes: [SeccompArchitecture: [UInt32: Outcome]] = [:]
        for architecture in architectures where SeccompArchitecture.native.contains(architecture) {
            outcomes[architecture] = try self.outcomes(on: architecture)
        }
        guard !outcomes.isEmpty else { throw SeccompError("none of the profile's architectures is this machine's") }
        let tables = SeccompArchitecture.allCases.compactMap { architecture in
            outcomes[architecture].map { FilterProgram.Table(architecture: architecture, ranges: ranges(of: $0, on: architecture)) }
        }
        let program = try FilterProgram(
            tables: tables, sharesX32: sharesX32(outcomes), defaultAction: profile.defaultAction)
        return SeccompFilter(instructions: program.bytes, flags: profile.flags ?? .allowSpeculation)
    }

    /// Below 512 the numbers of x32 are x86-64's with a bit set. Where both tables agree on those that x32 has, one serves for
    /// both: the kernel answers ENOSYS to the others.
    private func sharesX32(_ outcomes: [SeccompArchitecture: [UInt32: Outcome]]) -> Bool {
        guard let x32 = outcomes[.x32], let x86_64 = outcomes[.x86_64] else { return false }
        return x32.allSatisfy { number, outcome in
            let plain = number & ~SeccompArchitecture.x32Bit
            return plain >= SeccompArchitecture.x32OwnNumbers || x86_64[plain] == outcome
        }
    }

    // MARK: - Rules

    private var activeRules: [SeccompProfile.Rule] {
        profile.rules.filter { rule in
            let (includes, excludes) = (rule.includes, rule.excludes)
            guard capabilities.isSuperset(of: includes.capabilities) else { return false }
            guard capabilities.isDisjoint(with: excludes.capabilities) else { return false }
            if !includes.architectures.isEmpty, !includes.architectures.contains(.machine) { return false }
            if excludes.architectures.contains(.machine) { return false }
            if let minimum = includes.minimumKernel, kernel < minimum { return false }
            if let minimum = excludes.minimumKernel, kernel >= minimum { return false }
            return true
        }
    }

    private func outcomes(on architecture: SeccompArchitecture) throws(SeccompError) -> [UInt32: Outcome] {
        var result: [UInt32: Outcome] = [:]
        for rule in activeRules {
            for name in rule.names {
                let (direct, multiplexed) = architecture.numbers(of: name)
                if let direct { try add(rule.action, rule.arguments, name, to: &result[direct]) }
                // The arguments behind socketcall's pointer cannot be seen.
                if let multiplexed, rule.arguments.isEmpty {
                    let call = SeccompArgument(0, .equal, multiplexed.call)
                    try add(rule.action, [call], name, to: &result[multiplexed.number])
                }
            }
        }
        return result
    }

    /// A rule without arguments takes the place of those with.
    private func add(
        _ action: SeccompAction, _ arguments: [SeccompArgument], _ name: String, to outcome: inout Outcome?
    ) throws(SeccompError) {
        switch (outcome, arguments.isEmpty) {
        case (.action(let present), true) where present != action:
            throw SeccompError("syscall \"\(name)\" has two rules without arguments and different actions")
        case (.action, _): break
        case (_, true): outcome = .action(action)
        case (.conditional(let cases), false): outcome = .conditional(cases + [.init(arguments: arguments, action: action)])
        case (nil, false): outcome = .conditional([.init(arguments: arguments, action: action)])
        }
    }

    // MARK: - Ranges

    private func ranges(of outcomes: [UInt32: Outcome], on architecture: SeccompArchitecture) -> [Range] {
        let base: UInt32 = architecture == .x32 ? SeccompArchitecture.x32Bit : 0
        let fallback = Outcome.action(profile.defaultAction)
        var ranges = [Range(start: base, outcome: fallback)]
        func begin(_ start: UInt32, _ outcome: Outcome) {
            if ranges[ranges.count - 1].start == start { ranges.removeLast() }
            if ranges.last?.outcome != outcome { ranges.append(Range(start: start, outcome: outcome)) }
        }
        for (number, outcome) in outcomes.sorted(by: { $0.key < $1.key }) {
            begin(number, outcome)
            begin(number + 1, fallback)
        }
        if answersNewCallsWithENOSYS, let last = outcomes.keys.max() { begin(last + 1, .action(.errno(38))) }
        return ranges
    }

    /// A libc that probes for a call newer than the profile must see ENOSYS to fall back, not EPERM.
    private var answersNewCallsWithENOSYS: Bool {
        switch profile.defaultAction {
        case .allow, .log, .trace, .errno(38): false
        case .errno, .trap, .killThread, .killProcess: true
        }
    }
}
