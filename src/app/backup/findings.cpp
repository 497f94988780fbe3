#include "app/backup/findings.hpp"

#include "app/backup/verify.hpp"
#include "base/json_value.hpp"
#include "storage/file.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>

namespace qiao::app::backup {
namespace {

using std::chrono::days;
using std::chrono::hours;

using Level = Finding::Level;

constexpr hours kLate{36};
constexpr days kDrillLate{35};

}  // namespace

std::vector<Finding> findings(const std::string& data_folder, Instant now) {
    namespace fs = std::filesystem;
    std::vector<Finding> found;
    if (!fs::exists(data_folder + "/audit-head.key")) return found;  // no centre yet
    if (!public_key_of(data_folder)) found.push_back({Level::warning, "there is no recovery key: no sealed backup can be made (qiao backup-key new)"});
    const std::string file = data_folder + "/backup-state.json";
    const auto state = fs::exists(file) ? json::parse(storage::read_file(file)) : Result<json::Value>(json::Value());
    const json::Value last = state ? (*state)["last"] : json::Value();
    const auto taken = parse_instant(last["taken"].text());
    if (!taken) {
        found.push_back({Level::warning, "no backup was ever made (qiao backup)"});
        return found;
    }
    const std::string text = fmt::format("the last backup is of {}", format_instant(*taken));
    found.push_back({now - *taken > kLate ? Level::wrong : Level::good, text});
    if (last["key"].text().empty()) found.push_back({Level::wrong, "the last backup is not sealed: whoever has its folder reads it"});
    if (!(*state)["error"].text().empty()) found.push_back({Level::wrong, fmt::format("the backup of {} failed ({})", (*state)["failed"].text(), (*state)["error"].text())});
    const auto verified = newest_verified((*state)["lastFolder"].text(), data_folder, signer_of(data_folder).open);
    if (!verified)
        found.push_back({Level::warning, "no backup was ever restored for a test (qiao verify-backup)"});
    else
        found.push_back({now - verified->at > kDrillLate ? Level::wrong : Level::good, fmt::format("a backup was last restored for a test on {}", format_instant(verified->at))});
    return found;
}

}  // namespace qiao::app::backup
