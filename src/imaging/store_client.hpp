#pragma once

#include "imaging/pdu.hpp"
#include "imaging/socket.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// A storage SCU: sends objects to an AE by C-STORE. One thread; calls block.
namespace qiao::imaging {

struct StoreTarget {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    std::string called = "QIAO";
    std::string calling = "QIAO";
    std::chrono::milliseconds limit{60'000};
};

class StoreClient {
public:
    /// Opens an association for these (SOP class, transfer syntax) pairs. Error(unavailable): "imaging.connect",
    /// "imaging.association_refused".
    StoreClient(StoreTarget target, const std::vector<std::pair<std::string, std::string>>& kinds);
    ~StoreClient();  ///< releases
    StoreClient(const StoreClient&) = delete;
    StoreClient& operator=(const StoreClient&) = delete;

    /// Sends one object in its file form. @return the DIMSE status; 0 = it is durable there.
    /// Error(unavailable, "imaging.connect") when the line breaks, Error(invalid, "imaging.no_context") when the peer
    /// does not take its kind, Error(invalid, "imaging.not_dicom").
    std::uint16_t store(std::string_view file);
    std::uint16_t echo();

private:
    std::uint16_t exchange(std::uint8_t context, Command command, std::string_view dataset);
    Pdu receive();
    void send(std::string_view bytes);

    const StoreTarget target_;
    Socket socket_;
    PduReader reader_;
    std::map<std::pair<std::string, std::string>, std::uint8_t> contexts_;
    std::uint32_t peer_limit_bytes_ = 0;
    std::uint16_t next_message_ = 1;
};

}  // namespace qiao::imaging
