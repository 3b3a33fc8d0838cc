using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Forecast.Pipeline.Tests.OpenCv;

/// <summary>A network camera on loopback: motion JPEG over HTTP, about fifty pictures a second, that can hang up or fall silent.</summary>
internal sealed class MotionJpegServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _part;
    private readonly Thread _thread;
    private volatile bool _stopping;
    private volatile bool _hangUp;
    private int _connections;

    public MotionJpegServer(int width, int height)
    {
        var jpeg = PictureMaker.Jpeg(PictureMaker.Slope(width, height), width, height);
        _part = [.. Encoding.ASCII.GetBytes($"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {jpeg.Length}\r\n\r\n"), .. jpeg, .. "\r\n"u8];
        _listener.Start();
        _thread = new Thread(Serve) { IsBackground = true };
        _thread.Start();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/camera.mjpeg";

    public int Connections => Volatile.Read(ref _connections);

    public bool Silent { get; set; }

    public void HangUp() => _hangUp = true;

    public void Dispose()
    {
        _stopping = true;
        _listener.Stop();
        _thread.Join();
    }

    private void Serve()
    {
        while (!_stopping)
        {
            try
            {
                using var client = _listener.AcceptTcpClient();
                Interlocked.Increment(ref _connections);
                Send(client.GetStream());
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // the other side went, or the listener was stopped
            }
        }
    }

    private void Send(NetworkStream stream)
    {
        stream.ReadAtLeast(new byte[4096], 4);
        stream.Write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: multipart/x-mixed-replace;boundary=frame\r\n\r\n"u8);
        while (!_stopping && !_hangUp)
        {
            if (!Silent)
            {
                stream.Write(_part);
            }

            Thread.Sleep(20);
        }

        _hangUp = false;
    }
}
