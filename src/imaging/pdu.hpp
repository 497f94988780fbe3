#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The DICOM upper layer protocol (PS3.8 chapter 9) and command sets (PS3.7 annex E) as bytes and values, without
/// sockets: what peers send is read here, and only here. Any thread; a PduReader belongs to one.
namespace qiao::imaging {

inline constexpr std::uint32_t kPduLimit_bytes = 131'072;  ///< proposed and accepted

enum class PduType : std::uint8_t { associate_request = 1, associate_accept, associate_reject, data, release_request, release_response, abort };

struct Pdu {
    PduType type{};
    std::string_view body;  ///< valid until the next feed()
};

/// Cuts a byte stream into PDUs.
class PduReader {
public:
    /// Adds received bytes; earlier PDUs' bodies end to be valid.
    void feed(std::string_view bytes);
    /// The next whole PDU, nothing when more bytes are needed, an error when the peer breaks the protocol or a limit.
    Result<std::optional<Pdu>> next();
    [[nodiscard]] bool empty() const { return at_ == buffer_.size(); }

private:
    std::string buffer_;
    std::size_t at_ = 0;
};

struct PresentationContext {
    std::uint8_t id = 0;
    std::string abstract_syntax;
    std::vector<std::string> transfer_syntaxes;  ///< offered, or in an answer the accepted one
    std::uint8_t result = 0;                     ///< of an answer: 0 accepted, 1 user, 3 abstract syntax, 4 transfer syntaxes
};

/// A-ASSOCIATE-RQ and -AC.
struct Associate {
    std::string called;
    std::string calling;
    std::string application_context;
    std::vector<PresentationContext> contexts;
    std::uint32_t max_pdu_bytes = 16'384;  ///< that the peer takes; 0 = any
};

Result<Associate> parse_associate(std::string_view body, bool is_answer);
std::string associate_request(const Associate& request);
/// `answer.contexts` with their results and the one accepted syntax.
std::string associate_accept(const Associate& answer);
std::string associate_reject(std::uint8_t result, std::uint8_t source, std::uint8_t reason);
std::string release_request();
std::string release_response();
std::string abort_pdu(std::uint8_t source, std::uint8_t reason);

struct Pdv {
    std::uint8_t context = 0;
    bool is_command = false;
    bool is_last = false;
    std::string_view bytes;
};
Result<std::vector<Pdv>> parse_data(std::string_view body);
/// P-DATA-TF PDUs that carry `bytes`, cut to the peer's limit.
std::string data_pdus(std::uint8_t context, bool is_command, std::string_view bytes, std::uint32_t peer_limit_bytes);

/// The command elements that storage and verification use.
struct Command {
    std::uint16_t field = 0;
    std::uint16_t message_id = 0;
    std::uint16_t responded_id = 0;
    std::uint16_t dataset_type = 0x0101;  ///< 0101 = no data set follows
    std::uint16_t status = 0;
    std::string sop_class;
    std::string sop_instance;
    std::string comment;
};
inline constexpr std::uint16_t kStoreRequest = 0x0001, kStoreResponse = 0x8001, kEchoRequest = 0x0030, kEchoResponse = 0x8030, kCancelRequest = 0x0FFF;

Result<Command> parse_command(std::string_view bytes);
/// Implicit VR little endian, with its group length.
std::string command_bytes(const Command& command);

}  // namespace qiao::imaging
