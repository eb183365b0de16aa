"""Words of the sample: what customers of an invented group of companies write.

FAMILIES: kinds of trouble. Each text is opening + core + consequence + wish, so that no two
are alike; {x} is filled from `fill`. product and issue are ids of deploy/policy/taxonomy.json.
"""

EN_OPEN = [
    "", "Good morning.", "To whom it may concern:", "Hello,", "I have been a customer for {years} years.",
    "I never write letters like this one.", "Let me be brief.", "I am writing because the chat closed on me.",
    "My order is {order}.", "Please read this to the end.",
]
ZH_OPEN = [
    "", "你好，", "客服您好：", "我是你们{years}年的老用户。", "本人投诉如下：", "说一下我的经历。",
    "订单号{order}。", "第一次写投诉，希望有人认真看。",
]
EN_WISH = {
    "refund": ["Please refund the money.", "I want my money back, not a voucher.", "A refund to the same card is all I ask."],
    "replacement": ["Please send another one.", "I would like a replacement this week.", "Replace it, please."],
    "repair": ["Please fix it.", "Send somebody who can fix this.", "I only want it to work."],
    "correction": ["Please correct this and confirm it in writing.", "Correct the record.", "Please put the number right."],
    "compensation": ["I expect compensation for the nights I paid elsewhere.", "Tell me how you will compensate this.", "Please make it up to us."],
    "apology": ["An apology from a person would be a start.", "I do not want money. I want somebody to say sorry.", "Please say what went wrong and who takes it on."],
    "explanation": ["I want to know why.", "Explain how this can happen.", "Please tell me why nobody checked."],
}
ZH_WISH = {
    "refund": ["请退款。", "要求全额退款，不要优惠券。", "请把钱原路退还。"],
    "replacement": ["请尽快换货。", "希望这周能补发。", "给我换一个新的。"],
    "repair": ["请派人来修好。", "我只想它能正常使用。", "请尽快维修。"],
    "correction": ["请更正并书面确认。", "请把数据改正。", "请尽快更正。"],
    "compensation": ["请赔偿我的损失。", "请说明怎么补偿。", "要求合理赔偿。"],
    "apology": ["我不要钱，只要一个道歉。", "希望有人出来道歉。", "请给个说法。"],
    "explanation": ["请解释原因。", "希望说明原因。", "请告诉我为什么没人核实。"],
}
EN_SO = [
    "", "I missed a day of work for it.", "My mother depends on this.", "It has cost me {sum} so far.",
    "I took photos.", "My neighbours have the same problem.", "I had guests that evening.",
    "The children noticed before I did.", "I have kept every receipt.",
]
ZH_SO = ["", "为此我请了一天假。", "家里人都等着用。", "已经花了我{sum}元。", "我拍了照片。", "邻居也有同样的问题。", "孩子都看出来了。", "票据我都留着。"]

FAMILIES = [
    dict(name="late-parcel", brand="Larkfield", product="delivery", issue="delivery_problem", n=27, remedy="refund", unit="delivery",
         en=["The parcel was marked as delivered on {day}, but nothing was at the door and no neighbour has it.",
             "My {thing} was promised for {day}. The tracking has said 'on the vehicle' for {n} days.",
             "The courier threw the parcel over the fence into the pond. The {thing} is soaked.",
             "I received somebody else's order: {n} bags of cat litter instead of a {thing}.",
             "The driver signed with my name. I was {n} hundred kilometres away."],
         zh=["快递显示{day}已签收，但是我没有收到，门口也没有。", "{thing}说好{day}送到，物流{n}天没有更新。",
             "快递员把包裹扔在雨里，{thing}全湿了。", "送错了，我买的是{thing}，收到的是{n}袋猫砂。", "快递员没打电话就放到了驿站，{thing}丢了。"]),
    dict(name="faulty-appliance", brand="Sanhe", product="appliances", issue="quality", n=25, remedy="repair", unit="workshop",
         en=["The {thing} stopped working after {n} weeks. The display says E{n}4 and nothing else.",
             "The {thing} that you repaired on {day} makes the same noise again, only louder.",
             "The door of the {thing} came off in my hand. It is {n} months old.",
             "The {thing} leaks a cup of water an hour. Your technician looked at it for two minutes."],
         zh=["{thing}用了{n}个星期就坏了，显示E{n}4。", "{day}刚修好的{thing}又出现同样的声音。",
             "{thing}的门自己掉下来了，才买{n}个月。", "{thing}一直漏水，师傅看了两分钟就走了。"]),
    dict(name="card-charge", brand="Merrow Bank", product="credit_card", issue="double_charge", n=22, remedy="refund", unit="cards",
         en=["A payment of {sum} at a petrol station on {day} was charged twice.",
             "My credit card statement shows {sum} twice on {day}, same shop, same minute.",
             "You charged an annual fee of {sum} for a card that I returned {n} months ago.",
             "I paid {sum} once and my credit card was billed {n} times."],
         zh=["{day}在加油站刷信用卡{sum}元，被重复扣费。", "信用卡账单上{day}同一笔{sum}元扣了两次。",
             "卡已经注销{n}个月，还收年费{sum}元。"]),
    dict(name="blocked-account", brand="Merrow Bank", product="bank_account", issue="account_access", n=17, remedy="explanation", unit="accounts",
         en=["My account was frozen on {day} and nobody can say why. My salary is on it.",
             "I am locked out of my account since {day}. The verification code goes to a number I gave up {n} years ago.",
             "You closed my savings account with {sum} on it and the letter went to an old address."],
         zh=["我的账户{day}被冻结，没有人能说明原因，工资都在里面。", "{day}开始登录不了，验证码发到了{n}年前的旧号码。",
             "你们把我的活期账户关了，里面还有{sum}元。"]),
    dict(name="flight", brand="Tidal Air", product="flight", issue="cancellation", n=22, remedy="compensation", unit="passenger-rights",
         en=["Flight TA{n}07 on {day} was cancelled at the gate. We slept on the airport floor with {n} children.",
             "The flight was {n} hours late and the desk closed before the last of us had been rebooked.",
             "You cancelled my flight on {day}, rebooked me to the wrong city, and called it a schedule change.",
             "The rebooking cost me {sum} although it was you who cancelled."],
         zh=["{day}的TA{n}07航班登机口才说取消，我们带着{n}个孩子在机场过夜。", "航班晚点{n}小时，柜台没人就关门了。",
             "你们取消航班后把我改签到别的城市，还说是时刻调整。"]),
    dict(name="baggage", brand="Tidal Air", product="baggage", issue="lost_baggage", n=15, remedy="compensation", unit="baggage-desk",
         en=["My suitcase has not been seen since {day}. It holds the notes of a lecture that I then gave without them.",
             "You lost my luggage on the way to a wedding and found it in a town that I have never heard of, {n} days later.",
             "One wheel and the handle of my suitcase are gone. The belt gave back {n} pieces."],
         zh=["{day}托运的行李到现在没有找到，里面有家人的药。", "行李丢了{n}天，结果在另一个城市。", "行李箱的轮子和把手都没了。"]),
    dict(name="hotel", brand="Tidal Stays", product="hotel", issue="hygiene", n=15, remedy="compensation", unit="guest-care",
         en=["Room {n}12 had mould over the bed and a hair in my towel. Reception offered air freshener.",
             "The hotel room I booked faces the sea. The room I got faces a generator that starts at {n} in the morning.",
             "We found {n} cockroaches in the bathroom; the night porter gave us a slipper."],
         zh=["{n}12房间床头发霉，毛巾上有头发，前台给了我一瓶空气清新剂。", "订的是海景房，给的是对着发电机的房间，凌晨{n}点就响。",
             "浴室里有{n}只蟑螂，夜班只给了我一只拖鞋。"]),
    dict(name="mobile", brand="Lumio", product="mobile_phone_service", issue="hidden_fee", n=20, remedy="refund", unit="billing",
         en=["My phone bill jumped by {sum} for a ringtone subscription that I never ordered.",
             "Roaming cost me {sum} in one afternoon although the mobile plan says it is included.",
             "You moved me to a dearer phone plan on {day} without asking."],
         zh=["这个月话费多收了{sum}元，说是彩铃，我从来没有订过。", "套餐写着包含漫游，一个下午扣了{sum}元。", "{day}没有问我就改了我的手机套餐，乱收费。"]),
    dict(name="app", brand="Lumio", product="software", issue="outage", n=15, remedy="repair", unit="app-team",
         en=["The app keeps crashing on the payment page since {day}. I have reinstalled it {n} times.",
             "The app logs me out each time I turn the phone. Landscape seems to be forbidden.",
             "Your app shows my neighbour's invoices. I can read her name."],
         zh=["{day}更新后小程序付款页面一直闪退，重装了{n}次。", "客户端一横屏就退出登录。", "打开软件看到的是邻居的账单。"]),
    dict(name="restaurant", brand="Larkfield Kitchen", product="food_delivery", issue="quality", n=17, remedy="refund", unit="kitchen-care",
         en=["The food delivery came {n} hours after I ordered, cold, and without the {n} main courses.",
             "The soup arrived in the bag rather than in the cup.",
             "Half of the meal was missing and the restaurant told me to ask you, who told me to ask the restaurant."],
         zh=["外卖{n}个小时才到，饭菜全凉了，还少了一份。", "汤洒在袋子里，一口都没喝上。", "少送了一半，餐厅让我找平台，平台让我找餐厅。"]),
    dict(name="insurance", brand="Merrow Insure", product="insurance", issue="refund_not_received", n=15, remedy="explanation", unit="claims",
         en=["My claim for the burst pipe is {n} weeks old. The third adjuster asked for the same photos again.",
             "The insurance claim was denied because of a form that you never sent me.",
             "You approved {sum} on {day}, then paid a third of it."],
         zh=["水管爆裂的理赔已经{n}周了，第三个理赔员又要同样的照片。", "你们没有给过我的表格，却因为没交表拒赔。", "{day}批了{sum}元，只付了三分之一。"]),
    dict(name="gift-card", brand="Larkfield", product="gift_card", issue="fraud", n=10, remedy="replacement", unit="gift-cards",
         en=["The gift card of {sum} was empty when my daughter opened it on her birthday.",
             "The voucher code had been scratched off before I bought it."],
         zh=["{sum}元的礼品卡，孩子生日打开时余额是零。", "购物卡的密码涂层已经被刮开过。"]),
    dict(name="furniture", brand="Larkfield", product="furniture", issue="damaged_in_transit", n=15, remedy="replacement", unit="furniture",
         en=["The wardrobe arrived damaged: {n} of the boards are split along the grain.",
             "The sofa is green. I ordered blue. It does not fit through the door either way.",
             "Two screws and a leg of the sofa are missing; the manual shows another sofa."],
         zh=["衣柜收到时已损坏，{n}块板子裂了。", "沙发颜色发错了，我要的是蓝色。", "沙发少了两颗螺丝和一条腿，说明书还是别的型号。"]),
    dict(name="energy", brand="Lumio Power", product="energy", issue="billing", n=15, remedy="correction", unit="metering",
         en=["The electricity bill is {sum} for a flat that stood empty since {day}.",
             "The smart meter belongs to the flat below. I have been paying for their sauna for {n} months.",
             "You estimated my meter {n} times in a row although I sent a photo each month."],
         zh=["房子空着，电费却要{sum}元。", "电表接错了，我替楼下交了{n}个月的电费。", "连续{n}次估表，我每个月都发了照片。"]),
]

THINGS = [("kettle", "热水壶"), ("dishwasher", "洗碗机"), ("fridge", "冰箱"), ("washing machine", "洗衣机"), ("rice cooker", "电饭煲"),
          ("oven", "烤箱"), ("vacuum cleaner", "吸尘器"), ("air conditioner", "空调")]
GOODS = [("winter coat", "外套"), ("desk lamp", "台灯"), ("pair of shoes", "鞋子"), ("tablet", "平板"), ("birthday present", "生日礼物"),
         ("school bag", "书包"), ("set of plates", "碗碟"), ("bicycle helmet", "头盔")]

ROUTER_EN = [
    "Since the update of Friday night the Box 5 router restarts every {n} minutes. No internet, no telephone.",
    "The router goes dark at {n} past every hour since the weekend. I work from home. I used to.",
    "Box 5, new firmware, broadband gone. The light blinks red {n} times, then it starts all over.",
    "No internet since Saturday. The hotline says restart the router. The router restarts by itself {n} times an hour, thank you.",
    "Our whole street has lost its broadband after your update. {n} households, all with the Box 5.",
    "The Box 5 forgets the password and the time at each restart. It believes that it is 1970.",
    "My lessons are online. {n} pupils watched me freeze today because the router rebooted again.",
]
ROUTER_ZH = [
    "周五晚上更新以后，Box 5路由器每{n}分钟重启一次，断网，电话也不能用。", "宽带从周末开始一直断网，红灯闪{n}下又重启。",
    "更新之后路由器不能用了，在家办公完全没法做。", "客服让我重启路由器，它自己一小时重启{n}次。",
    "整个单元的宽带都断了，{n}户都是Box 5。", "孩子上网课，路由器一直重启，断网{n}次。",
]

INQUIRIES = [
    ("How do I change the name on my contract after the wedding?", "en", "Lumio"), ("What are the opening hours of the Harbour Street branch?", "en", "Merrow Bank"),
    ("Can I take a folding bicycle in the cabin, and what is the fee?", "en", "Tidal Air"), ("Could you tell me how long the warranty of the dishwasher is?", "en", "Sanhe"),
    ("Which documents do I need to open an account for my son?", "en", "Merrow Bank"), ("Is it possible to collect a parcel at another shop?", "en", "Larkfield"),
    ("When will the fibre reach Mill Lane?", "en", "Lumio"), ("I would like to know whether the lamp can be dimmed.", "en", "Larkfield"),
    ("Do you offer a fare for carers who travel with a passenger?", "en", "Tidal Air"), ("How much is the fee for a second key card?", "en", "Tidal Stays"),
    ("Where can I see the recipe of the lentil soup, for allergies?", "en", "Larkfield Kitchen"), ("What is the notice period of the power tariff?", "en", "Lumio Power"),
    ("请问换新手机卡需要什么材料？", "zh", "Lumio"), ("请问托运乐器怎么收费？", "zh", "Tidal Air"), ("想了解一下洗碗机的保修期是多久？", "zh", "Sanhe"),
    ("请问周末网点几点开门？", "zh", "Merrow Bank"), ("能不能改送货地址？", "zh", "Larkfield"), ("请问电费可以按季度交吗？", "zh", "Lumio Power"),
    ("想咨询一下儿童票的规定。", "zh", "Tidal Air"), ("酒店可以带宠物吗？想了解费用。", "zh", "Tidal Stays"),
]
SUGGESTIONS = [
    ("It would be nice to see the meter reading in the app as a curve.", "en", "Lumio Power"), ("I suggest a quiet hour in the shops for people who do not like music.", "en", "Larkfield"),
    ("Please add a button that says 'call me back', and then do it.", "en", "Merrow Bank"), ("Feature request: let me freeze my own card for a night.", "en", "Merrow Bank"),
    ("It would be helpful if the parcel shop showed how full it is.", "en", "Larkfield"), ("You could add the weight limit to the boarding pass.", "en", "Tidal Air"),
    ("I would suggest printing the recipe on the lid.", "en", "Larkfield Kitchen"), ("Would love to see a spare-part shop for old kettles.", "en", "Sanhe"),
    ("建议在小程序里增加电费曲线。", "zh", "Lumio Power"), ("希望增加老年人专用的大字版界面。", "zh", "Lumio"), ("建议登机牌上写明行李限重。", "zh", "Tidal Air"),
    ("建议洗衣机的提示音可以关掉。", "zh", "Sanhe"), ("最好能在门店设一个安静时段。", "zh", "Larkfield"),
]
PRAISE = [
    ("Many thanks to the driver who carried the sofa up five floors and then helped me turn it round.", "en", "Larkfield"),
    ("Thank you so much: Ms Adeyemi at the Harbour Street branch stayed an hour longer for my mother.", "en", "Merrow Bank"),
    ("Excellent service on TA207. The crew warmed the milk before we had to ask.", "en", "Tidal Air"),
    ("Well done: the technician mended the fridge and the hinge that nobody had asked about.", "en", "Sanhe"),
    ("A big thank you to the night porter who found my hearing aid.", "en", "Tidal Stays"), ("Great job. Moved house on Monday, online on Monday.", "en", "Lumio"),
    ("I am very pleased with the new bill. I understood it.", "en", "Lumio Power"), ("Best service I have had at a desk; please tell Kofi.", "en", "Tidal Air"),
    ("非常感谢安装师傅，大热天两个小时就装好了，服务很好。", "zh", "Sanhe"), ("表扬港口路网点的小林，特别耐心。", "zh", "Merrow Bank"),
    ("乘务员帮我照看孩子，服务周到，点赞！", "zh", "Tidal Air"), ("客服很耐心，十分感谢。", "zh", "Lumio"), ("送货上楼还帮忙组装，非常满意。", "zh", "Larkfield"),
]

FIRST = ["Ada", "Bram", "Chiara", "Dimitri", "Elif", "Femi", "Greta", "Hassan", "Ivana", "Jonas", "Kirsten", "Luca", "Maren", "Noor", "Olek", "Priya",
         "Quentin", "Rosa", "Soren", "Tamsin", "Ulla", "Viktor", "Wren", "Yusuf"]
LAST = ["Abara", "Bellweather", "Castellan", "Drummond", "Eklund", "Farrow", "Grigori", "Holloway", "Iversen", "Jankowski", "Kettering", "Lindqvist",
        "Marchetti", "Novak", "Oyelaran", "Pemberton", "Quill", "Rasmussen", "Sandoval", "Thackeray", "Umarov", "Vasquez", "Whitlock", "Zielinski"]
ZH_LAST = "王李张刘陈杨赵黄周吴徐孙马朱胡林郭何"
ZH_FIRST = ["晓明", "丽华", "建国", "小燕", "志强", "雨桐", "文静", "海峰", "思远", "婷婷", "国栋", "春梅", "子涵", "一凡", "秀英", "家豪"]

EN_REPLY = ["Thank you for writing. We have read it and {name} looks into it now.", "We are sorry for the trouble. {name} will call you.",
            "We have found your order and asked the people concerned."]
ZH_REPLY = ["感谢您的反馈，{name}正在处理。", "给您带来不便，非常抱歉，{name}会联系您。", "我们已经查到您的订单，正在核实。"]
EN_ANSWER = ["It was our mistake: a step in our check was left out. We put it right today and are sorry.",
             "You were right. The cause is found, the money is on its way.", "We exchanged the part and tested it for a day. We apologise."]
ZH_ANSWER = ["是我们的失误，检查漏了一步，今天已经改正，向您道歉。", "您说得对，原因已经查明，款项已经退回。", "已经更换零件并测试，向您致歉。"]
EN_AGAIN = ["Still no answer. Is anybody there?", "I am still waiting for a reply and the days go by.", "Nobody called back. This is the second time I write.",
            "You promised to call me. You did not."]
ZH_AGAIN = ["一直没有人回复。", "还是没有解决，第二次写了。", "说好的回电呢？没有人打来。", "几天了，没有任何回复。"]
EN_REOPEN = ["It is back. The same fault, the same noise.", "The refund never arrived.", "You closed it, but nothing has changed."]
ZH_REOPEN = ["问题又出现了。", "退款一直没到。", "你们关闭了投诉，但什么都没变。"]
EN_REFUSE = ["A voucher is not what I asked for.", "Half is not the whole.", "No. I want it repaired, not explained."]
ZH_REFUSE = ["我不要优惠券。", "只退一半不接受。", "我要的是修好，不是解释。"]
