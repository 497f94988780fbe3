#pragma once

#include "access/contact.hpp"
#include "base/metrics.hpp"
#include "flow/engine.hpp"
#include "flow/notice_store.hpp"
#include "flow/notifier.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// Takes notices off the screen. They come to be in the commit of their case; tick() decides who is told by which channel
/// now, by the rules of the pack (who has a page open, quiet hours, what stays unread goes to the next channel and the next
/// people), and one thread a channel sends, in order, again and again with the same key until the provider has it. Each step
/// is on the case's timeline. Thread-safe.
namespace qiao::flow {

class Delivery {
public:
    Delivery(const Engine& engine, const access::Contacts& contacts, Notifier& notifier, Metrics& metrics);
    ~Delivery();  ///< waits for the message that is on its way

    /// @param public_url  where people open the application: "https://qiao.example"; links and callbacks begin with it
    /// @param may_send  whether this node is the one that sends; empty = always
    void start(std::string public_url, std::function<bool()> may_send = {});
    void stop();

    /// Decides what is due; called four times a second by a job. Does nothing before start().
    /// @return how many notices were looked at
    int tick();
    /// Sends the first message of a channel when it is due; for the channel's thread, and for tests.
    bool send_one(std::string_view channel);
    void set_public_url(std::string url);  ///< before the first tick(), instead of start(): for tests

    /// The caller looks at the case: what is open for them is read.
    void seen(const record::Caller& caller, std::string_view case_id);
    /// A provider's report {"status": "delivered" | "answered" | "failed"}. Error(not_found, "flow.no_notice"),
    /// Error(forbidden, "flow.bad_signature"), Error(invalid, "flow.bad_field").
    void receipt(std::string_view token, std::string_view timestamp, std::string_view signature, std::string_view body);
    /// A message to the caller's own address. Error(conflict, "flow.channel_not_configured"), Error(conflict, "flow.no_address").
    void send_test(const record::Actor& actor, std::string_view channel);

    [[nodiscard]] const Notifier& notifier() const { return notifier_; }
    [[nodiscard]] const access::Contacts& contacts() const { return contacts_; }
    [[nodiscard]] const Engine& engine() const { return engine_; }

    static constexpr std::string_view kChannels[] = {"voice", "sms", "webhook", "email"};
    /// What is not an emergency is given up after this time: nobody is helped by an offer of the day before yesterday.
    static constexpr std::chrono::hours kTriedFor{24};
    static std::string address_for(std::string_view channel, const access::Contact& contact) { return channel == "email" ? contact.email : contact.phone; }
    /// A group's robot reaches its group even without a number to mention.
    static bool is_reachable(std::string_view channel, const access::Contact& contact) { return channel == "webhook" || !address_for(channel, contact).empty(); }

private:
    struct Plan;

    [[nodiscard]] const Ground& ground() const { return engine_.ground(); }
    void advance(store::LeavingNotice notice);
    void wait(Plan& plan, Instant until);
    void begin_channel(Plan& plan);
    [[nodiscard]] bool is_closed(const store::LeavingNotice& notice, const std::optional<Case>& item) const;
    [[nodiscard]] std::vector<std::string> channels_for(const NotifyRule& rule, const access::Contact& contact, bool emergency, bool& configured) const;
    [[nodiscard]] std::vector<store::LeavingNotice> next_people(const Plan& plan) const;
    [[nodiscard]] Told compose(const store::LeavingNotice& notice, const std::optional<Case>& item, const store::Delivery& delivery) const;
    void record(const store::LeavingNotice& notice, store::Delivery delivery, const SendResult& result);
    void settle(const store::LeavingNotice& notice, std::string_view status);
    void tell_pages(const std::string& case_id);
    void run(const std::stop_token& stop, std::string_view channel);

    const Engine& engine_;
    const access::Contacts& contacts_;
    Notifier& notifier_;
    Metrics& metrics_;
    std::string public_url_;
    std::function<bool()> may_send_;
    std::atomic<bool> started_{false};
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::vector<std::jthread> threads_;
};

}  // namespace qiao::flow
