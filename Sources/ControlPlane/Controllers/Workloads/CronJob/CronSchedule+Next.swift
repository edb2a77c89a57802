internal import APIMachinery
internal import KubernetesAPI

extension CronSchedule {
    /// The first time of the schedule after another one.
    ///
    /// A local time that clocks skip is skipped; one that they show twice comes twice. As the library that upstream uses does.
    /// - Returns: nil when there is none within five years, as for 31 February.
    func next(after time: Timestamp, in zone: TimeZoneRules) -> Timestamp? {
        if let everySeconds { return Timestamp(seconds: time.seconds + everySeconds) }
        let after = Int(time.seconds)
        let local = after + zone.offset(at: after)
        let firstDay = floorDivide(local, 86_400)
        for day in firstDay...(firstDay + 366 * 5) where includes(day: day) {
            // An hour that comes twice may lie before the present one.
            let firstHour = day == firstDay ? max(0, (local - day * 86_400) / 3600 - 2) : 0
            for hour in firstHour..<24 where hours & (1 << UInt64(hour)) != 0 {
                if let first = first(inHour: day * 86_400 + hour * 3600, after: after, zone) { return Timestamp(seconds: Int64(first)) }
            }
        }
        return nil
    }

    /// - Parameter start: The local time at which the hour begins.
    private func first(inHour start: Int, after: Int, _ zone: TimeZoneRules) -> Int? {
        var first: Int?
        for minute in 0..<60 where minutes & (1 << UInt64(minute)) != 0 {
            for instant in zone.instants(ofLocal: start + minute * 60) where instant > after { first = min(first ?? instant, instant) }
        }
        return first
    }

    private func includes(day: Int) -> Bool {
        let civil = CivilDay(number: day)
        guard months & (1 << UInt64(civil.month)) != 0 else { return false }
        let isDayOfMonth = daysOfMonth & (1 << UInt64(civil.day)) != 0
        let isDayOfWeek = daysOfWeek & (1 << UInt64(CivilDay.weekday(day))) != 0
        return isAnyDayOfMonth || isAnyDayOfWeek ? isDayOfMonth && isDayOfWeek : isDayOfMonth || isDayOfWeek
    }
}
