// The upper layer protocol from an unknown peer: associations, data values and commands. However the bytes are cut into packets,
// the same PDUs come out, and a command that was understood is the same after being written and read again.
#include "imaging/pdu.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace qiao::imaging;

void check_command(std::string_view bytes) {
    const auto command = parse_command(bytes);
    if (!command) return;
    const std::string written = command_bytes(*command);
    const auto again = parse_command(written);
    if (!again || command_bytes(*again) != written) std::abort();
}

void check_body(std::string_view body) {
    if (const auto request = parse_associate(body, false)) (void)associate_accept(*request);
    (void)parse_associate(body, true);
    check_command(body);
    if (const auto values = parse_data(body))
        for (const auto& value : *values) check_command(value.bytes);
}

/// What a reader makes of the bytes, given in pieces: the PDUs one after another, and whether it refused the rest.
std::string read_all(std::string_view bytes, std::size_t step) {
    std::string seen;
    PduReader reader;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        reader.feed(bytes.substr(at, step));
        for (;;) {
            const auto pdu = reader.next();
            if (!pdu) return seen + "refused";
            if (!*pdu) break;
            check_body((*pdu)->body);
            seen += static_cast<char>((*pdu)->type);
            seen += (*pdu)->body;
        }
    }
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (read_all(bytes, bytes.size() + 1) != read_all(bytes, data[0] + 1U)) std::abort();
    return 0;
}
