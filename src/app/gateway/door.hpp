#pragma once

#include "base/json_value.hpp"
#include "exchange/gateway_queue.hpp"
#include "imaging/object_sink.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The scanners' side of a gateway: which devices are let in, what they sent, who was refused; what comes goes into the queue.
/// Thread-safe.
namespace qiao::app::gateway {

/// A device as the centre lists it for this gateway.
struct Device {
    std::string id;
    std::string title;
    std::string address;
    std::uint16_t port = 0;
    std::string charset;
    bool may_store = true;
    bool first = false;

    bool operator==(const Device&) const = default;
};

std::vector<Device> read_devices(const json::Value& list);

class Door : public imaging::ObjectSink {
public:
    /// @param folder  of the gateway; the list of devices that an earlier run had is read from it
    /// @param queued  called after each new object
    Door(std::string folder, exchange::GatewayQueue& queue, const Clock& clock, std::function<void()> queued);

    /// Durable when it returns.
    void set_devices(std::vector<Device> devices);
    [[nodiscard]] std::optional<Device> device(std::string_view id) const;
    [[nodiscard]] std::optional<imaging::Ae> listed(std::string_view title, std::string_view address) const;

    imaging::IngestResult ingest(const imaging::Walked& walked, imaging::FileMeta meta, std::string_view dataset, std::string sha256,
                                 const imaging::Source& source) override;
    [[nodiscard]] bool has_room() const override;
    [[nodiscard]] int disk_percent() const;
    void release(const std::set<std::string>&) override {}
    void note_refusal(const imaging::Refusal& refusal) override;
    void note_association(const imaging::Ae& ae, Instant at) override;
    void note_objects(const imaging::Ae& ae, std::int64_t count, Instant last) override;
    [[nodiscard]] const std::string& folder() const override { return arriving_; }
    [[nodiscard]] const Clock& clock() const override { return clock_; }

    /// Keeps over a restart what devices did, where that has changed since the last call.
    void save_uses();
    /// Members `devices` and `callers` of a report.
    void write_report(json::Value& report) const;

private:
    struct Use {
        Instant association{};
        Instant object{};
        std::int64_t objects = 0;
    };
    using Caller = std::pair<std::string, std::string>;  ///< title, address
    [[nodiscard]] json::Value uses() const;

    const std::string folder_;
    const std::string arriving_;
    exchange::GatewayQueue& queue_;
    const Clock& clock_;
    const std::function<void()> queued_;
    mutable std::mutex mutex_;
    std::vector<Device> devices_;
    std::map<Caller, Use> uses_;
    bool uses_changed_ = false;
    std::map<std::pair<Caller, std::string>, imaging::RefusalGroup> refusals_;
};

}  // namespace qiao::app::gateway
