#pragma once

#include "base/digest.hpp"
#include "imaging/dataset_walker.hpp"
#include "imaging/object_buffer.hpp"
#include "imaging/part10.hpp"
#include "imaging/pdu.hpp"
#include "imaging/rows.hpp"
#include "imaging/socket.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

/// One association from its first byte to its last, on its own thread: admits or rejects the caller, answers C-ECHO, takes
/// C-STORE data sets while they arrive. Only DicomServer makes one.
namespace qiao::imaging {

class DicomServer;
class ObjectSink;

/// The object that an association is receiving. Outside of it, since clang refuses std::optional of a nested class with initialisers.
struct Receiving {
    Command command;
    std::uint8_t context = 0;
    FileMeta meta;
    std::optional<DatasetWalker> walker;
    Sha256 digest;
    std::string refusal;  ///< why the rest is read but not kept
    std::uint16_t status = 0;
    std::chrono::steady_clock::time_point began;
};

class Association {
public:
    Association(DicomServer& server, Socket& socket);
    ~Association();
    Association(const Association&) = delete;
    Association& operator=(const Association&) = delete;

    /// Returns when the association has ended in whatever way.
    void run();

private:
    struct Admitted {
        std::string abstract_syntax;
        std::string transfer_syntax;
    };

    bool handle(const Pdu& pdu);  ///< false: the association is over
    bool associate(std::string_view body);
    std::optional<Source> admit(const Associate& request, std::string& reason);
    void negotiate(const Associate& request, Associate& answer);
    bool data(std::string_view body);
    bool command_arrived(std::uint8_t context);
    bool begin_object(const Command& command, std::uint8_t context);
    void take_data(std::string_view bytes);
    bool end_object();
    bool answer(std::uint8_t context, const Command& request, std::uint16_t field, std::uint16_t status, const std::string& comment);
    bool send(std::string_view bytes);
    bool reject(std::uint8_t result, std::uint8_t source, std::uint8_t reason, const std::string& why);
    bool abort(std::uint8_t reason);
    void note_refusal(const std::string& kind, const std::string& why, const std::string& sop_uid = {});
    void note_use(const std::function<void(ObjectSink&)>& note);
    [[nodiscard]] bool too_slow() const;

    DicomServer& server_;
    Socket& socket_;
    PduReader reader_;
    std::string address_;
    std::string calling_;
    std::string called_;
    bool entered_ = false;
    bool associated_ = false;
    std::uint32_t peer_limit_bytes_ = 0;
    Source source_;
    Ae ae_;
    bool may_store_ = true;
    std::int64_t objects_ = 0;
    Instant last_object_{};
    std::map<std::uint8_t, Admitted> contexts_;
    std::string command_;
    std::uint8_t command_context_ = 0;
    std::optional<Receiving> receiving_;
    ObjectBuffer buffer_;
    std::set<std::string> studies_;
    int noted_ = 0;
};

}  // namespace qiao::imaging
