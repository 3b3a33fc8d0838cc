using Forecast.Pipeline.Tests.EndToEnd;

namespace Forecast.Pipeline.Tests.Dashboard;

/// <summary>The dashboard in a real Chromium: what each test does is in browser/, by the same name.</summary>
[Collection(EndToEndTests.Name)]
public sealed class DashboardPageTests(BrowserRun browser) : IClassFixture<BrowserRun>
{
    [BrowserFact]
    public void Live_FromTheFirstForecast_HasEveryPanelWithinThreeSeconds() => browser.Check("live", "every panel is alive within three seconds of the first forecast");

    [BrowserFact]
    public void Live_Forecasts_AreShownTenTimesASecond() => browser.Check("live", "it moves: ten times a second");

    [BrowserFact]
    public void Live_ProcessStopped_LeavesNoColourBehind() => browser.Check("live", "a process that is stopped leaves no colour behind");

    [BrowserFact]
    public void Live_RunEnded_IsNoForecastAndCanBeLookedBackAt() => browser.Check("live", "an ended run is no forecast, and can be looked back at");

    [BrowserFact]
    public void Finished_Opened_ShowsItsRiskiestMoment() => browser.Check("finished", "opens at its riskiest moment with every panel filled");

    [BrowserFact]
    public void Finished_Ledger_AddsUpOnScreen() => browser.Check("finished", "the ledger adds up on screen");

    [BrowserFact]
    public void Finished_Keys_StepJumpLoopAndPlay() => browser.Check("finished", "keys step, jump, loop and play");

    [BrowserFact]
    public void Finished_Horizon_IsScrubbedAndPlayed() => browser.Check("finished", "scrubbing the horizon and playing the future");

    [BrowserFact]
    public void Finished_Presses_GoWhereTheyPoint() => browser.Check("finished", "presses go where they point");

    [BrowserFact]
    public void Finished_Link_BringsAnotherReaderThere() => browser.Check("finished", "a link brings another reader to the same moment");

    [BrowserFact]
    public void Finished_Overlay_IsOnItsOwnFrame() => browser.Check("finished", "a picture is drawn over only by the forecast made from it");

    [BrowserFact]
    public void Finished_SecondRun_IsComparedDifferencesFirst() => browser.Check("finished", "a second run on the axis, differences first");

    [BrowserFact]
    public void Finished_Axe_FindsNoViolation() => browser.Check("finished", "everybody can use it, in the dark and in the light");

    [BrowserFact]
    public void Finished_Page_IsSmallGuardedAndAsksNobodyElse() => browser.Check("finished", "it is small, guarded, and asks nobody else");

    [BrowserFact]
    public void Made_Gap_IsNoForecastInThePastAsWell() => browser.Check("made", "a moment without a forecast is shown as one, in the past as well");

    [BrowserFact]
    public void Made_Late_IsNoForecast() => browser.Check("made", "what is older than its validity when it arrives is no forecast");

    [BrowserFact]
    public void Made_OtherFrame_GetsNoOverlay() => browser.Check("made", "an overlay needs the frame whose id the forecast carries");

    [BrowserFact]
    public void Made_HostileStream_BreaksNothingAndIsNoMarkup() => browser.Check("made", "a hostile stream breaks nothing and is no markup");

    [BrowserFact]
    public void Made_HoursOfForecasts_LeaveTheHeapFlat() => browser.Check("hours", "hours leave the heap flat");

    [BrowserFact, Trait("Category", "Slow")]
    public void Made_EightHoursOfForecasts_LeaveTheHeapFlat() => browser.Check("eight hours", "hours leave the heap flat");
}
