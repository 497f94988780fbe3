#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// The signed heads of the audit chain: one line a minute in `audit-heads.log` of the data folder and, where the operator names one,
/// of a folder elsewhere. Whoever rewrites the chain, its heads and its key in the data folder does not reach the file elsewhere.
namespace qiao::access {

inline constexpr std::string_view kHeadsName = "audit-heads.log";
inline constexpr std::string_view kHeadKeyName = "audit-head.pub";  ///< hex of the Ed25519 public key

/// What a file of heads says. A line without its end (the power was cut) says nothing.
struct HeadsFile {
    std::string name;                             ///< as it stands in findings
    std::map<std::int64_t, std::string> hash_of;  ///< row → its hash in hex, of lines whose signature holds
    std::vector<std::int64_t> forged;             ///< numbers of the lines whose signature does not hold, from 1
    std::int64_t lines = 0;
    std::string last_time;  ///< of the last good line
};

/// Error(not_found, "storage.…") when there is no such file. Any thread.
HeadsFile read_heads(const std::string& file, std::string_view public_key_hex);

/// Appends one line (without its end) to `audit-heads.log` of `folder` and syncs it; what a cut left half is ended before. Any thread.
void append_head(const std::string& folder, std::string_view line);

/// Keeps the newest head in a folder of another machine, on a thread of its own: a folder that does not answer holds up nothing.
/// While it cannot be written the log says so once, and `qiao check` each time; the next head that arrives vouches for all rows
/// before. The public key is written beside the heads once; a folder that holds another key is not written. Thread-safe.
class HeadsOutside {
public:
    HeadsOutside(std::string folder, std::string public_key_hex);
    ~HeadsOutside();  ///< writes the newest head
    void put(std::string line);

private:
    void run(const std::stop_token& stop);
    void write(const std::string& line);

    const std::string folder_;
    const std::string public_key_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::string newest_;  ///< empty = nothing waits
    bool failing_ = false;
    std::jthread thread_;
};

}  // namespace qiao::access
