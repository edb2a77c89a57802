internal import APIMachinery
internal import KubernetesAPI

/// Which of a CronJob's times are due: a pure function of the object and the time.
struct CronTimes {
    enum Missed { case none, few, many }

    let cronJob: CronJob
    let schedule: CronSchedule
    let zone: TimeZoneRules
    let now: Timestamp
    private static let missedMax = 100
    /// Timers may fire a little early.
    private static let delay: Duration = .milliseconds(100)

    /// The latest time that has come since the last run; those between are dropped.
    ///
    /// - Parameter obeysDeadline: Times before the starting deadline don't count.
    func mostRecent(obeysDeadline: Bool) -> (earliest: Timestamp, time: Timestamp?, missed: Missed) {
        var earliest = cronJob.status.lastScheduleTime ?? cronJob.metadata.creationTimestamp ?? now
        if obeysDeadline, let seconds = cronJob.spec.startingDeadlineSeconds { earliest = max(earliest, now - .seconds(seconds)) }
        guard let first = schedule.next(after: earliest, in: zone), first <= now else { return (earliest, nil, .none) }
        guard let second = schedule.next(after: first, in: zone), second <= now else { return (earliest, first, .none) }
        // Roughly how many fit in between: walking through all would take for ever after a long sleep.
        let distance = max(1, second.seconds - first.seconds)
        let missed = (now.seconds - first.seconds) / distance + 1
        var recent: Timestamp?
        var next = schedule.next(after: first + .seconds((missed - 2) * distance), in: zone)
        while let time = next, time <= now {
            recent = time
            next = schedule.next(after: time, in: zone)
        }
        return (earliest, recent, missed > Self.missedMax ? .many : .few)
    }

    /// How long until the next time.
    func untilNext() -> Duration? {
        let (earliest, recent, missed) = mostRecent(obeysDeadline: false)
        let base = recent ?? (missed == .none ? earliest : now)
        return schedule.next(after: base, in: zone).map { max(.zero, $0 + Self.delay - now) }
    }
}
