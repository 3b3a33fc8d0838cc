// OpenCV behind a C ABI. Every export is noexcept and answers a code (0 fine); no C++ exception, type or memory crosses,
// but for the two opaque handles. A handle is used by one thread at a time. Pictures are uint8 [height, width, 3], BGR, rows without gaps.
#include <opencv2/calib3d.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#define FORECAST_EXPORT extern "C" __attribute__((visibility("default")))

namespace
{
enum Code { Ok = 0, Ended = 1, WrongSize = 2, NotAPicture = 3, CutShort = 4, NoSuchFile = 5, CannotOpen = 6, TooSmall = 7, Broken = 8 };
enum Kind { Device = 0, Stream = 1, GStreamer = 2, File = 3 };

template <typename Body> int guarded(Body body) noexcept
{
    try
    {
        return body();
    }
    catch (...)
    {
        return Broken;
    }
}

// Where a decoder finds a picture of another size or type it allocates anew: then the header no longer points at our memory.
int written(const cv::Mat& picture, const uint8_t* ours, int* width, int* height)
{
    *width = picture.cols;
    *height = picture.rows;
    return picture.empty() ? NotAPicture : picture.data == ours ? Ok : WrongSize;
}

bool starts(const std::vector<uint8_t>& bytes, std::initializer_list<int> signature)
{
    return bytes.size() > signature.size() && std::equal(signature.begin(), signature.end(), bytes.begin());
}

// imdecode leaves its target untouched when no decoder fits, and decodes half a JPEG without complaint: look first.
int inspect(const std::vector<uint8_t>& bytes)
{
    size_t end = bytes.size();
    while (end > 0 && (bytes[end - 1] == 0 || bytes[end - 1] == '\n'))
        end--;
    if (starts(bytes, {0xFF, 0xD8, 0xFF}))
        return end > 4 && bytes[end - 2] == 0xFF && bytes[end - 1] == 0xD9 ? Ok : CutShort;
    if (starts(bytes, {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'}))
        return bytes.size() > 20 && std::memcmp(&bytes[bytes.size() - 8], "IEND", 4) == 0 ? Ok : CutShort;
    return NotAPicture;
}

int decode(const std::vector<uint8_t>& bytes, uint8_t* into, int width, int height, int* gotWidth, int* gotHeight)
{
    *gotWidth = *gotHeight = 0;
    const int code = inspect(bytes);
    if (code != Ok)
        return code;
    cv::Mat picture(height, width, CV_8UC3, into);
    return cv::imdecode(bytes, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION, &picture).empty() ? NotAPicture
        : written(picture, into, gotWidth, gotHeight);
}
} // namespace

struct Capture
{
    cv::VideoCapture video;
};

struct Preparer
{
    cv::Size source, model;
    int halvings, firstRow, endRow;    // model rows with a picture under them: [firstRow, endRow)
    int areaFactor, top;               // of the halved source; areaFactor 0: by maps
    std::vector<cv::Mat> halves;
    cv::Mat mapXY, mapFraction, twice;
};

FORECAST_EXPORT int forecast_cv_start(char* version, int size) noexcept
{
    return guarded([&] {
        cv::setNumThreads(1);
        // Their warnings name the source, password and all; what went wrong is told by code.
        cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
        setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", 0);
        setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp", 0);
        setenv("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "2", 0); // seconds that one V4L2 read may wait
        std::snprintf(version, size, "%s", CV_VERSION);
        return static_cast<int>(Ok);
    });
}

FORECAST_EXPORT int forecast_cv_open(int kind, const char* source, int device, int width, int height, double rate, int openMs, int readMs,
                                     Capture** out) noexcept
{
    return guarded([&] {
        *out = nullptr;
        auto capture = std::make_unique<Capture>();
        const std::vector<int> timeouts{cv::CAP_PROP_OPEN_TIMEOUT_MSEC, openMs, cv::CAP_PROP_READ_TIMEOUT_MSEC, readMs};
        bool opened = false;
        if (kind == Device)
        {
            opened = device >= 0 ? capture->video.open(device, cv::CAP_V4L2) : capture->video.open(source, cv::CAP_V4L2);
            if (opened)
            {
                capture->video.set(cv::CAP_PROP_FRAME_WIDTH, width);
                capture->video.set(cv::CAP_PROP_FRAME_HEIGHT, height);
                capture->video.set(cv::CAP_PROP_FPS, rate);
                capture->video.set(cv::CAP_PROP_BUFFERSIZE, 2); // one filling, one being read: older ones would be old news
            }
        }
        else if (kind == GStreamer)
            opened = capture->video.open(source, cv::CAP_GSTREAMER);
        else
            opened = capture->video.open(source, cv::CAP_FFMPEG, timeouts);
        if (!opened)
            return static_cast<int>(CannotOpen);
        *out = capture.release();
        return static_cast<int>(Ok);
    });
}

FORECAST_EXPORT void forecast_cv_close(Capture* capture) noexcept
{
    guarded([&] { delete capture; return static_cast<int>(Ok); });
}

FORECAST_EXPORT int forecast_cv_facts(Capture* capture, int* width, int* height, double* rate, double* frames) noexcept
{
    return guarded([&] {
        *width = static_cast<int>(capture->video.get(cv::CAP_PROP_FRAME_WIDTH));
        *height = static_cast<int>(capture->video.get(cv::CAP_PROP_FRAME_HEIGHT));
        *rate = capture->video.get(cv::CAP_PROP_FPS);
        *frames = capture->video.get(cv::CAP_PROP_FRAME_COUNT);
        return static_cast<int>(Ok);
    });
}

FORECAST_EXPORT int forecast_cv_grab(Capture* capture, double* positionMs) noexcept
{
    return guarded([&] {
        const bool grabbed = capture->video.grab();
        *positionMs = grabbed ? capture->video.get(cv::CAP_PROP_POS_MSEC) : -1;
        return static_cast<int>(grabbed ? Ok : Ended);
    });
}

FORECAST_EXPORT int forecast_cv_retrieve(Capture* capture, uint8_t* into, int width, int height, int* gotWidth, int* gotHeight) noexcept
{
    return guarded([&] {
        cv::Mat picture(height, width, CV_8UC3, into);
        return capture->video.retrieve(picture) ? written(picture, into, gotWidth, gotHeight) : static_cast<int>(NotAPicture);
    });
}

FORECAST_EXPORT int forecast_cv_read_file(const char* path, uint8_t* into, int width, int height, int* gotWidth, int* gotHeight) noexcept
{
    return guarded([&] {
        thread_local std::vector<uint8_t> bytes; // grows to the largest picture and stays
        const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path, "rb"), std::fclose);
        if (!file || std::fseek(file.get(), 0, SEEK_END) != 0)
            return static_cast<int>(NoSuchFile);
        bytes.resize(static_cast<size_t>(std::max(0L, std::ftell(file.get()))));
        std::rewind(file.get());
        if (std::fread(bytes.data(), 1, bytes.size(), file.get()) != bytes.size())
            return static_cast<int>(CutShort);
        return decode(bytes, into, width, height, gotWidth, gotHeight);
    });
}

FORECAST_EXPORT int forecast_cv_decode(const uint8_t* from, int length, uint8_t* into, int width, int height, int* gotWidth, int* gotHeight) noexcept
{
    return guarded([&] {
        thread_local std::vector<uint8_t> bytes;
        bytes.assign(from, from + length);
        return decode(bytes, into, width, height, gotWidth, gotHeight);
    });
}

FORECAST_EXPORT int forecast_cv_encode_jpeg(const uint8_t* from, int width, int height, int quality, uint8_t* into, int capacity, int* length) noexcept
{
    return guarded([&] {
        thread_local std::vector<uint8_t> bytes;
        const cv::Mat picture(height, width, CV_8UC3, const_cast<uint8_t*>(from));
        cv::imencode(".jpg", picture, bytes, {cv::IMWRITE_JPEG_QUALITY, quality});
        *length = static_cast<int>(bytes.size());
        if (*length > capacity)
            return static_cast<int>(TooSmall);
        std::memcpy(into, bytes.data(), bytes.size());
        return static_cast<int>(Ok);
    });
}

// lens: 0 none, 1 Brown, 2 fisheye. source and model: fx fy cx cy; source is of the picture after the halvings.
// areaFactor above 0: no lens, and the halved source is that many times the model picture: averaged over squares, from row `top` down.
FORECAST_EXPORT int forecast_cv_prepare_open(int width, int height, int modelWidth, int modelHeight, int halvings, int areaFactor, int top,
                                             int firstRow, int endRow, const double* source, const double* model, int lens,
                                             const double* coefficients, int count, Preparer** out) noexcept
{
    return guarded([&] {
        *out = nullptr;
        auto p = std::make_unique<Preparer>();
        p->source = {width, height};
        p->model = {modelWidth, modelHeight};
        p->halvings = halvings;
        p->firstRow = firstRow;
        p->endRow = endRow;
        p->areaFactor = areaFactor;
        p->top = top;
        for (int i = 1; i <= halvings; i++)
            p->halves.emplace_back(height >> i, width >> i, CV_8UC3);
        if (areaFactor == 0)
        {
            const cv::Size size(2 * modelWidth, 2 * modelHeight);
            const cv::Matx33d from(source[0], 0, source[2], 0, source[1], source[3], 0, 0, 1);
            // A pixel of the model picture is two of this: (u + 0.5) * 2 - 0.5.
            const cv::Matx33d to(2 * model[0], 0, 2 * model[2] + 0.5, 0, 2 * model[1], 2 * model[3] + 0.5, 0, 0, 1);
            const cv::Mat lensOf = lens == 0 ? cv::Mat() : cv::Mat(1, count, CV_64F, const_cast<double*>(coefficients)).clone();
            if (lens == 2)
                cv::fisheye::initUndistortRectifyMap(from, lensOf, cv::Matx33d::eye(), to, size, CV_16SC2, p->mapXY, p->mapFraction);
            else
                cv::initUndistortRectifyMap(from, lensOf, cv::noArray(), to, size, CV_16SC2, p->mapXY, p->mapFraction);
            p->twice.create(size, CV_8UC3);
        }
        *out = p.release();
        return static_cast<int>(Ok);
    });
}

FORECAST_EXPORT int forecast_cv_prepare(Preparer* p, const uint8_t* from, uint8_t* into) noexcept
{
    return guarded([&] {
        cv::Mat picture(p->source, CV_8UC3, const_cast<uint8_t*>(from));
        for (cv::Mat& half : p->halves)
        {
            // An odd last row, which no model row shows, falls away.
            cv::resize(picture(cv::Rect(0, 0, half.cols * 2, half.rows * 2)), half, half.size(), 0, 0, cv::INTER_AREA);
            picture = half;
        }
        cv::Mat out(p->model, CV_8UC3, into);
        if (p->areaFactor == 0)
        {
            cv::remap(picture, p->twice, p->mapXY, p->mapFraction, cv::INTER_LINEAR, cv::BORDER_CONSTANT);
            cv::resize(p->twice, out, out.size(), 0, 0, cv::INTER_AREA);
        }
        else if (p->firstRow < p->endRow)
        {
            const int k = p->areaFactor;
            const cv::Rect seen(0, p->top + p->firstRow * k, p->model.width * k, (p->endRow - p->firstRow) * k);
            cv::Mat rows = out.rowRange(p->firstRow, p->endRow);
            cv::resize(picture(seen), rows, rows.size(), 0, 0, cv::INTER_AREA);
        }
        if (p->firstRow > 0)
            out.rowRange(0, p->firstRow).setTo(0);
        if (p->endRow < p->model.height)
            out.rowRange(p->endRow, p->model.height).setTo(0);
        return out.data == into ? Ok : Broken;
    });
}

FORECAST_EXPORT void forecast_cv_prepare_close(Preparer* preparer) noexcept
{
    guarded([&] { delete preparer; return static_cast<int>(Ok); });
}
