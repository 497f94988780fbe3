#pragma once

#include "base/time.hpp"
#include "storage/sealed_file.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// The objects that a gateway has taken and the centre has not: one sealed file each, in the order in which they are to be
/// sent. What put() returned from survives a power cut; nothing leaves the folder but by done() and discard(). Thread-safe.
namespace qiao::exchange {

/// What is known of an object besides its bytes.
struct GatewayItem {
    std::string digest;        ///< SHA-256 of the data set, 64 hex digits: its name, here and at the centre
    std::string study;         ///< 16 hex digits that stand for the study, so that no file name says whose it is
    std::uint64_t length = 0;  ///< of its file form
    bool goes_first = false;   ///< its study overtakes all others
    Instant received{};
};

/// The sealed part.
struct GatewayLabel {
    std::string sop_instance;
    std::string title;  ///< AE title of the device
};

struct GatewayRefused {
    GatewayItem item;
    std::string title;
    std::string reason;
    Instant at{};
};

struct GatewayCounts {
    std::int64_t objects = 0;
    std::uint64_t bytes = 0;
    std::optional<Instant> oldest = {};
    std::int64_t refused = 0;
};

class GatewayQueue {
public:
    /// Reads the folder that an earlier run left; made when missing.
    GatewayQueue(std::string folder, storage::SealingKeys keys);

    /// Durable when it returns; the same digest again changes nothing. Error(unavailable, "storage.full" or "storage.failed").
    void put(const GatewayItem& item, const GatewayLabel& label, std::string_view head, std::string_view dataset);

    /// The next one to send that no other thread has and whose time has come; nothing when there is none. An emergency first,
    /// then what is small or waits for long, then the rest; within a study in the order of arrival.
    std::optional<GatewayItem> take(std::chrono::steady_clock::time_point now, Instant wall);
    /// The centre has it.
    void done(const GatewayItem& item);
    /// It could not be sent now: another study first, this one not before `when`.
    void later(const GatewayItem& item, std::chrono::steady_clock::time_point when);
    /// All that wait for a later try may be tried now: the line is back.
    void hurry();
    /// The centre will never take it: kept aside until a person decides.
    void refuse(const GatewayItem& item, const std::string& title, const std::string& reason, Instant at);

    [[nodiscard]] std::vector<GatewayRefused> refused() const;  ///< newest first
    /// All refused ones go into the queue again. @return how many
    int retry_refused();
    /// Removes a refused one for good. @return false when there is none
    bool discard(const std::string& digest);

    [[nodiscard]] GatewayCounts counts() const;
    [[nodiscard]] std::string path_of(const GatewayItem& item) const;
    [[nodiscard]] const storage::SealingKeys& keys() const { return keys_; }

private:
    struct Waiting {
        GatewayItem item;
        bool taken = false;
        std::chrono::steady_clock::time_point not_before{};
    };
    struct Study {
        std::uint64_t bytes = 0;
        int first = 0;  ///< objects with goes_first
        std::map<std::pair<Instant, std::string>, Waiting> items;
    };
    void add(const GatewayItem& item);
    void remove(const GatewayItem& item);
    [[nodiscard]] Waiting* find(const GatewayItem& item);
    void read_queue();
    void read_refused();

    const std::string folder_;
    const storage::SealingKeys keys_;
    mutable std::mutex mutex_;
    std::map<std::string, Study> studies_;
    std::map<std::string, GatewayItem> by_digest_;
    std::set<std::string> writing_;
    std::map<std::string, GatewayRefused> refused_;
    std::int64_t objects_ = 0;
    std::uint64_t bytes_ = 0;
};

/// Reads a queued object again and again from any place: a line that broke goes on where it was. One thread.
class GatewayObject {
public:
    /// Error(unavailable, "exchange.queue_damaged") when the file is not what was written.
    GatewayObject(const GatewayQueue& queue, const GatewayItem& item);

    [[nodiscard]] const GatewayLabel& label() const { return label_; }
    /// Up to `length` bytes of the file form at `offset`; fewer only at its end. Going back opens the file again.
    std::string_view read(std::uint64_t offset, std::size_t length);

private:
    void open();
    bool more();

    const std::string path_;
    const storage::SealingKeys& keys_;
    const std::uint64_t length_;
    std::optional<storage::SealedReader> reader_;
    GatewayLabel label_;
    std::string buffer_;  ///< from buffer_offset_ of the file form
    std::uint64_t buffer_offset_ = 0;
};

}  // namespace qiao::exchange
