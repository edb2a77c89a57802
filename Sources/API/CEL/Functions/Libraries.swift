/// All functions that expressions may call.
enum Libraries {
    static let all: FunctionTable = {
        var table = FunctionTable()
        addOperators(&table)
        addArithmetic(&table)
        addTimeArithmetic(&table)
        addBasics(&table)
        addConversions(&table)
        addTimes(&table)
        addOptionals(&table)
        return table
    }()
}
