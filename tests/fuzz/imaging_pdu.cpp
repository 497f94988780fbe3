// The upper layer protocol from an unknown peer: associations, data values and commands.
#include "imaging/pdu.hpp"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace qiao::imaging;
    if (size < 1) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t chunk = data[0] + 1U;
    PduReader reader;
    for (std::size_t at = 0; at < bytes.size(); at += chunk) {
        reader.feed(bytes.substr(at, chunk));
        for (;;) {
            const auto pdu = reader.next();
            if (!pdu || !*pdu) break;
            const auto body = (*pdu)->body;
            if (const auto request = parse_associate(body, false)) (void)associate_accept(*request);
            (void)parse_associate(body, true);
            (void)parse_command(body);
            if (const auto values = parse_data(body))
                for (const auto& value : *values) (void)parse_command(value.bytes);
        }
    }
    return 0;
}
