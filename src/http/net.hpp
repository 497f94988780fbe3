#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

/// The Asio types of this folder, bound to the executor of one io_context: no type-erased executor on the hot path.
/// Included by the few .cpp files of this folder that speak Boost, never from outside.
namespace qiao::http {

namespace asio = boost::asio;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Use = asio::use_awaitable_t<Executor>;
template <class T>
using Awaitable = asio::awaitable<T, Executor>;

/// Makes a coroutine's await return its value and put a failure into `error` instead of throwing.
inline auto into(error_code& error) { return asio::redirect_error(Use{}, error); }

}  // namespace qiao::http
