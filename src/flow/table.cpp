#include "flow/table.hpp"

#include <map>
#include <utility>

namespace qiao::flow {

std::string diagram(const Table& table) {
    // Actions between the same two states share one arrow, else a large machine cannot be read.
    std::map<std::pair<std::string, std::string>, std::string> arrows;
    for (const StateMeaning& state : table.states()) {
        for (const Row& row : table.rows()) {
            if (row.to == "=" || row.from == "any" || row.from == "every" || !table.applies(row, state.state)) {
                continue;
            }
            std::string& label = arrows[{std::string(state.state), std::string(row.to)}];
            label += (label.empty() ? "" : ", ") + std::string(row.action);
        }
    }
    std::string text = "stateDiagram-v2\n    [*] --> " + std::string(table.start()) + "\n";
    for (const auto& [ends, label] : arrows) {
        text += "    " + ends.first + " --> " + ends.second + ": " + label + "\n";
    }
    for (const StateMeaning& state : table.states()) {
        if (table.is_end(state.state)) {
            text += "    " + std::string(state.state) + " --> [*]\n";
        }
    }
    return text;
}

std::string markdown(const Table& table) {
    std::string text = "| from | action | to | who | needs | guard | signs | clocks |\n|---|---|---|---|---|---|---|---|\n";
    for (const Row& row : table.rows()) {
        for (const std::string_view cell : {row.from, row.action, row.to, row.who, row.needs, row.guard, row.signs, row.clocks}) {
            text += "| " + std::string(cell) + " ";
        }
        text += "|\n";
    }
    return text;
}

}  // namespace qiao::flow
