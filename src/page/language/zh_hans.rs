//! Chinese in simplified script.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "zh-Hans",
    direction: "ltr",
    counting: Counting::Invariable,
    between_sentences: "",
    this_site: "本网站",
    outage: CauseWords {
        headline: "我们马上回来",
        what: "{}暂时无法访问。",
        later: "请过几分钟再试。",
        sorry: "给您带来不便，敬请谅解。",
    },
    maintenance: CauseWords {
        headline: "稍作休整，马上回来",
        what: "{}正在维护中。",
        later: "维护结束后，一切将照常为您服务。",
        sorry: "感谢您的耐心等待。",
    },
    busy: CauseWords {
        headline: "当前访问人数较多",
        what: "{}目前的访问量超出了可同时接待的上限。",
        later: "一有空位，系统会自动为您打开页面。",
        sorry: "感谢您的耐心等候。",
    },
    unprocessed: Notice {
        fact: "您的请求未被处理。",
        advice: "没有发送、下单或保存任何内容。请在浏览器中返回上一页，稍后再试。",
    },
    unknown: Notice {
        fact: "我们无法确定您的请求是否已被处理。",
        advice: "再次提交之前，请先确认我们是否已经收到，例如查看是否有确认邮件。",
    },
    too_large: TooLarge {
        headline: "内容过大",
        fact: "发送的内容超过了此处允许的大小，未被处理。",
    },
    come_back_in: "请在{}后重试。",
    seconds: Plural::of("{}秒"),
    minutes: Plural::of("{}分钟"),
    hours: Plural::of("{}小时"),
    returning: ReturnWords {
        promise: "恢复后，本页面会自动打开。",
        next: "距下次检查还有{}",
        looking: "正在检查……",
        soon: "我们回来了。还有{}就轮到您了。",
        back: "我们回来了。正在打开页面……",
        stopped: "自动检查已关闭。",
        try_now: "立即重试",
        stop: "停止检查",
        resume: "继续检查",
        back_after_sending: "我们回来了。请在浏览器中返回上一页，重新提交您填写的内容。",
    },
    expected_back: "预计恢复时间：",
    time_left: "剩余时间：",
    contact: "联系我们",
    phone: "电话",
    email: "电子邮箱",
    chat: "在线客服",
    address: "地址",
    hours_open: "营业时间",
    still_works: "以下服务不受影响",
    meanwhile: "在此期间",
    follow: "关注我们",
    status_page: "当前服务状态",
    voucher: "您的优惠码",
    imprint: "法律信息",
    privacy: "隐私",
    request_id: "请求编号",
};

pub(super) const FRIENDLY: Words = Words {
    outage: CauseWords {
        sorry: "给你带来不便，请多包涵。",
        ..WORDS.outage
    },
    maintenance: CauseWords {
        later: "维护结束后，一切照常为你服务。",
        sorry: "谢谢你的耐心等待。",
        ..WORDS.maintenance
    },
    busy: CauseWords {
        later: "一有空位，系统会自动为你打开页面。",
        sorry: "谢谢你的耐心等候。",
        ..WORDS.busy
    },
    unprocessed: Notice {
        fact: "你的请求未被处理。",
        ..WORDS.unprocessed
    },
    unknown: Notice {
        fact: "我们无法确定你的请求是否已被处理。",
        ..WORDS.unknown
    },
    returning: ReturnWords {
        soon: "我们回来了。还有{}就轮到你了。",
        back_after_sending: "我们回来了。请在浏览器中返回上一页，重新提交你填写的内容。",
        ..WORDS.returning
    },
    voucher: "你的优惠码",
    ..WORDS
};
